// Package aroundtest tries middleware that other people use around a wsecho.Handler, inside
// and outside middleware.ExtendedConnect. The table of what works, in the documentation of
// package middleware, is what its test sees. It is a module of its own so that none of that
// middleware becomes a dependency.
package aroundtest
