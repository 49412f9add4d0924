// Package browsertest drives the example's page in a real browser, and its mini program
// and other clients from Node and Python, all against the real service. What a session says
// last is read by a page of its own, in Chromium and in Firefox.
//
//	browser_test.go  Chromium, over its DevTools protocol
//	firefox_test.go  Firefox, over WebDriver BiDi
//	talker_test.go   the server of closing_test.go; closerefused_test.go has one of its own, the others the example's
//
// It needs Chromium, Firefox, Node and Python's websockets, and Node's ws:
//
//	apt-get install chromium firefox-esr python3-websockets
//	npm --prefix example/browsertest ci
//	go -C example/browsertest test ./...
//
// The log of a run names the folder with its screenshots.
package browsertest
