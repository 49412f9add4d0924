// Package browsertest drives the example's page in a real browser, and its mini program
// and other clients from Node and Python, all against the real service.
//
// It needs Chromium, Node and Python's websockets, and Node's ws:
//
//	apt-get install chromium python3-websockets
//	npm --prefix example/browsertest ci
//	go -C example/browsertest test ./...
//
// The log of a run names the folder with its screenshots.
package browsertest
