// The mini program's page as WeChat's own tools have it: its template compiled by WeChat's compiler, its data
// kept and rendered by j-component, which is WeChat's component system for tests.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { JSDOM } from 'jsdom';

const require = createRequire(import.meta.url);
const folder = fileURLToPath(new URL('../../miniprogram/', import.meta.url));

const { window } = new JSDOM('<!doctype html><body></body>');
Object.assign(globalThis, { window, document: window.document });
for (const name of ['HTMLElement', 'Node', 'Event', 'CustomEvent', 'MutationObserver', 'Element', 'Text', 'DocumentFragment']) globalThis[name] = window[name];
window.__webview_engine_version__ = 0.02; // the compiler's

const { register, create } = require('j-component');
// An error in a handler fails the test that it belongs to; by itself j-component prints it.
require('miniprogram-exparser').addGlobalErrorListener((err) => setImmediate(() => { throw err; }));
const templates = new Function(require('miniprogram-compiler').wxmlToJs(folder))();

let definition;
globalThis.Page = (page) => (definition = page);
await import(new URL('../../miniprogram/pages/index/index.js', import.meta.url));

const methods = Object.fromEntries(Object.entries(definition).filter(([, value]) => typeof value === 'function'));
const id = register({ template: templates('pages/index/index.wxml'), data: definition.data, methods });

// load starts the page as WeChat does, at an address, and returns what its user does and sees.
export function load(address) {
  const component = create(id);
  const page = component.instance;
  const calls = []; // of setData: what each says
  const setData = page.setData.bind(page);
  page.setData = (change) => {
    const text = JSON.stringify(change);
    assert.ok(Buffer.byteLength(text) < 1 << 20, `setData of ${Buffer.byteLength(text)} bytes`); // WeChat's limit
    calls.push(change);
    setData(JSON.parse(text)); // it crosses to another thread
    if (change.last) assert.ok(component.querySelector(`#${change.last}`), `no ${change.last} to scroll to`);
  };
  component.attach(window.document.body);
  page.onLoad();
  page.onShow();

  // event has the user do something; j-component hands it over a moment later, as WeChat does.
  const event = async (node, name, detail = {}) => {
    (typeof node === 'string' ? component.querySelector(node) : node).dispatchEvent(name, { detail });
    await new Promise((resolve) => setImmediate(resolve));
  };
  const me = {
    calls,
    component,
    get data() {
      return page.data;
    },
    hide: () => page.onHide(),
    show: () => page.onShow(),
    unload() {
      page.onUnload();
      component.detach();
    },
    tap: (selector) => event(selector, 'tap'),
    toggle: (value) => event('.switch', 'change', { value }),
    address: (value) => event('.wide .field', 'blur', { value }),
    target: (value) => event('.target', 'change', { value: String(value) }),
    room: (value) => event(component.querySelectorAll('.field').at(-1), 'blur', { value }),
    async say(text) {
      await event('.message', 'input', { value: text });
      await event('.send', 'tap');
    },
    // rows are the texts of the log's rows of one kind, or of all.
    rows: (kind) => [...component.dom.querySelectorAll(kind ? `.row.${kind} .text` : '.row .text')].map((el) => el.textContent),
    // below is what stands below them.
    below: (kind) => [...component.dom.querySelectorAll(`.row.${kind} .small`)].map((el) => el.textContent),
    text: (selector) => component.dom.querySelector(selector)?.textContent,
  };
  if (address) page.setAddress({ detail: { value: address } });
  return me;
}

// until waits for a condition.
export async function until(condition) {
  for (const deadline = Date.now() + 20000; !condition(); ) {
    assert.ok(Date.now() < deadline, `not so in time: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
