// Package browsertest drives the example's page in real browsers, and its mini program
// and other clients from Node and Python, all against the real service. What a session says
// last is read by a page of its own, in Chromium, Firefox and WebKit.
//
//	browser_test.go    Chromium, over its DevTools protocol
//	firefox_test.go    Firefox, over WebDriver BiDi
//	webkit_test.go     WebKitGTK, over WebDriver, on a screen of its own
//	scenarios/         what the page does, as scripts that all three run
//	looks_test.go      how it looks, in each state on each screen
//	miniprogram/       the mini program, in WeChat's component system
//	talker_test.go     the server of closing_test.go; closerefused_test.go has one of its own, the others the example's
//
// It needs Chromium, Firefox, WebKitGTK, Node and Python's websockets, and of npm what package.json lists:
//
//	apt-get install chromium firefox-esr webkit2gtk-driver xvfb python3-websockets
//	npm --prefix example/browsertest ci
//	go -C example/browsertest test ./...
//
// The log of a run names the folder with its screenshots.
package browsertest
