// The mini program itself, against the service at WSECHO_URL: only wx and Page are played
// here, as WeChat documents them, over ws.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { beforeEach, test } from 'node:test';
import WebSocket from 'ws';

const service = process.env.WSECHO_URL.replace('http', 'ws');
const folder = new URL('../miniprogram/', import.meta.url);

let definition;
globalThis.Page = (page) => (definition = page);

let language, tasks, online; // online: the listeners to the network's state

// A SocketTask as a phone gives it: no subprotocol is told, send answers by callback, and
// its events are set by methods.
function connectSocket({ url, protocols, fail }) {
  const handlers = {};
  let ws;
  try {
    ws = new WebSocket(url, protocols, { origin: 'https://servicewechat.com' });
  } catch (err) {
    setTimeout(() => fail({ errMsg: `connectSocket:fail ${err.message}` }));
  }
  const task = {
    onOpen: (f) => (handlers.open = f),
    onMessage: (f) => (handlers.message = f),
    onClose: (f) => (handlers.close = f),
    onError: (f) => (handlers.error = f),
    send({ data, success, fail }) {
      if (ws.readyState !== WebSocket.OPEN) {
        setTimeout(() => fail({ errMsg: 'sendSocketMessage:fail' }));
        return;
      }
      ws.send(data, (err) => (err ? fail({ errMsg: err.message }) : success({ errMsg: 'ok' })));
    },
    close({ code, reason = '' }) {
      task.ended = { code, reason };
      ws.close(code, reason);
    },
    // interrupt is what WeChat does to the sockets of a program in the background.
    interrupt() {
      ws.removeAllListeners('close');
      ws.terminate();
      handlers.close({ code: 1000, reason: 'interrupted' });
    },
    cut: () => ws.terminate(),
  };
  tasks.push(task);
  ws?.on('open', () => handlers.open({ header: {} }));
  ws?.on('message', (data, binary) => handlers.message({ data: binary ? data : data.toString() }));
  ws?.on('error', (err) => handlers.error({ errMsg: err.message }));
  ws?.on('close', (code, reason) => handlers.close({ code, reason: reason.toString() }));
  return task;
}

globalThis.wx = {
  connectSocket,
  getAppBaseInfo: () => ({ language }),
  onNetworkStatusChange: (f) => online.add(f),
  offNetworkStatusChange: (f) => assert.ok(online.delete(f)),
};

// load starts the page as WeChat does.
function load() {
  const page = Object.create(definition);
  page.data = structuredClone(definition.data);
  page.setData = (change) => {
    for (const key of Object.keys(change)) assert.ok(key in page.data, `the page has no data.${key}`);
    Object.assign(page.data, structuredClone(change)); // it must cross to another thread
    const rows = [...page.data.log.map((row) => `row-${row.id}`), ...page.data.queue.map((_, i) => `wait-${i}`)];
    if (change.last) assert.ok(rows.includes(change.last), `no ${change.last} to scroll to`);
  };
  page.onLoad();
  page.onShow();
  page.setAddress({ detail: { value: service } });
  return page;
}

const texts = (page, kind) => page.data.log.filter((row) => row.kind === kind).map((row) => row.text);
const toggle = (page, value) => page.toggle({ detail: { value } });
function say(page, text) {
  page.setDraft({ detail: { value: text } });
  page.send();
}

async function until(condition) {
  for (const deadline = Date.now() + 20000; !condition(); ) {
    assert.ok(Date.now() < deadline, `not so in time: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

await import(new URL('pages/index/index.js', folder));

beforeEach(() => {
  language = 'en';
  online = new Set();
  tasks = [];
});

test('echo, with what waited first, and off again', async () => {
  const page = load();
  say(page, 'one');
  say(page, '二 👋');
  assert.deepEqual(page.data.queue, ['one', '二 👋']);
  toggle(page, true);
  await until(() => texts(page, 'received').length === 2);
  say(page, 'three');
  await until(() => texts(page, 'received').length === 3);
  assert.deepEqual(texts(page, 'received'), ['one', '二 👋', 'three']);
  assert.deepEqual(texts(page, 'sent'), ['one', '二 👋', 'three']);
  assert.deepEqual(page.data.queue, []);
  assert.equal(page.data.on, true);
  toggle(page, false);
  await until(() => page.data.state === 'off');
  assert.equal(page.data.on, false);
  assert.deepEqual(tasks.map((task) => task.ended.code), [1000]);
});

test('interrupted in the background, it is back when shown', async () => {
  const page = load();
  toggle(page, true);
  await until(() => page.data.state === 'open');
  tasks[0].interrupt();
  assert.equal(page.data.state, 'waiting');
  assert.equal(page.data.on, true);
  say(page, 'kept');
  page.onShow();
  await until(() => texts(page, 'received').length === 1);
  assert.deepEqual(texts(page, 'received'), ['kept']);
  page.onUnload();
});

test('a lost connection comes back when the network does', async () => {
  const page = load();
  toggle(page, true);
  await until(() => page.data.state === 'open');
  tasks[0].cut();
  await until(() => page.data.state === 'waiting');
  assert.match(page.data.stateText, /^Connection lost\. Trying again in 1 s\.$/);
  online.forEach((f) => f({ isConnected: false }));
  assert.equal(page.data.state, 'waiting');
  online.forEach((f) => f({ isConnected: true }));
  await until(() => page.data.state === 'open');
  page.onUnload();
});

test('a failed connection switches off and says so, in Chinese too', async () => {
  language = 'zh_CN';
  const page = load();
  page.setAddress({ detail: { value: 'ws://127.0.0.1:1' } });
  toggle(page, true);
  await until(() => page.data.state === 'failed');
  assert.equal(page.data.on, false);
  assert.match(page.data.stateText, /^连接失败。 .*ECONNREFUSED/);
  page.setAddress({ detail: { value: 'no address' } });
  toggle(page, true);
  await until(() => page.data.state === 'failed');
  assert.match(page.data.stateText, /^连接失败。 connectSocket:fail/);
});

test('a room that no URL can name is refused in words', () => {
  for (const room of ['', '.', '..']) {
    const page = load();
    page.setTarget({ detail: { value: '1' } });
    page.setRoom({ detail: { value: room } });
    toggle(page, true);
    assert.match(page.data.stateText, /^Could not connect\. A room needs a name/);
    assert.deepEqual([page.data.on, tasks.length], [false, 0]);
  }
});

test('a server that does not answer is said in the program\'s own words', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(wx, 'connectSocket', () => new Proxy({}, { get: () => () => {} }));
  language = 'zh_CN';
  const page = load();
  toggle(page, true);
  t.mock.timers.tick(10000);
  assert.equal(page.data.stateText, '连接失败。 服务器没有应答。');
});

test('two phones in a room', async () => {
  const [ann, bob] = [load(), load()];
  for (const page of [ann, bob]) {
    page.setTarget({ detail: { value: '1' } });
    page.setRoom({ detail: { value: '小程序' } });
    toggle(page, true);
    await until(() => texts(page, 'note').length === 1); // that it has come in: a socket is open before
  }
  await until(() => texts(ann, 'note').length === 2);
  say(ann, 'hello');
  await until(() => texts(bob, 'received').length === 1);
  const [row] = bob.data.log.filter((row) => row.kind === 'received');
  assert.equal(row.text, 'hello');
  assert.match(row.from, /^guest-\d+$/);
  bob.onUnload();
  await until(() => texts(ann, 'note').length === 3);
  ann.onUnload();
});

test('the template names only what the page has', async () => {
  const page = load();
  const template = await readFile(new URL('pages/index/index.wxml', folder), 'utf8');
  const events = [...template.matchAll(/\bbind\w+="(\w+)"/g)].map((m) => m[1]);
  assert.ok(events.length > 5);
  for (const name of events) assert.equal(typeof page[name], 'function', name);
  const names = [...template.matchAll(/\{\{(.*?)\}\}/g)].flatMap((m) => m[1].replace(/'[^']*'/g, '').match(/[a-z]\w*(\.\w+)*/gi));
  for (const name of names) {
    const [first, second] = name.split('.');
    if (first === 'item' || first === 'index') continue; // of wx:for
    assert.ok(first in page.data, name);
    if (first === 'words') assert.equal(typeof page.data.words[second], 'string', name);
  }
});

test('every file that the program lists is there', async () => {
  const app = JSON.parse(await readFile(new URL('app.json', folder), 'utf8'));
  for (const page of app.pages) {
    for (const kind of ['js', 'wxml', 'wxss', 'json']) await readFile(new URL(`${page}.${kind}`, folder));
  }
  const themes = JSON.parse(await readFile(new URL(app.themeLocation, folder), 'utf8'));
  for (const value of Object.values(app.window).filter((v) => v.startsWith('@'))) {
    for (const theme of ['light', 'dark']) assert.ok(themes[theme][value.slice(1)], `${theme} ${value}`);
  }
  JSON.parse(await readFile(new URL('project.config.json', folder), 'utf8'));
});
