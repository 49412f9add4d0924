// Package shared is what every page that talks to a room has in common, for services besides the example: see example/cluster.
// (A mini program's upload leaves out what is neither its code nor its pictures.)
package shared

import "embed"

// Files are the modules of this folder.
//
//go:embed *.js
var Files embed.FS
