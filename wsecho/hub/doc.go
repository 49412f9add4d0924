// Package hub hands what is published in a topic to the sessions that are its members, on every node, once and in
// order, also to those that were away.
package hub
