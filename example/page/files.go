// Package page is the example's page, for services besides the example that take some of its modules: see example/cluster.
package page

import "embed"

// Files are the modules of this folder.
//
//go:embed *.js
var Files embed.FS
