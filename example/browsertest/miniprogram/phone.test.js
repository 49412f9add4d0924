// What phones do to sockets, and the mini program about it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, until } from './page.js';
import { createPhone, service } from './phone.js';

async function open(options) {
  const phone = createPhone(options);
  const page = load(service);
  await page.tap('.connect');
  await until(() => page.data.state === 'open');
  return { phone, page };
}

// away puts the page in the background for so many ms.
function away(t, page, ms) {
  const now = Date.now();
  const clock = t.mock.method(Date, 'now', () => now);
  page.hide();
  clock.mock.mockImplementation(() => now + ms);
  page.show();
  clock.mock.restore();
}

test('interrupted in the background, it is back when shown', async () => {
  const { phone, page } = await open();
  page.hide();
  phone.task.interrupt();
  assert.deepEqual([page.data.state, page.data.on], ['waiting', true]);
  await page.say('kept');
  page.show();
  await until(() => page.rows('received').length === 1);
  assert.deepEqual(page.rows('received'), ['kept']);
  page.unload();
});

test('dropped in the background without a word, it is back when shown after more than 5 s', async (t) => {
  const { phone, page } = await open();
  away(t, page, 4000);
  assert.deepEqual([phone.tasks.length, page.data.state], [1, 'open']); // a look at another program
  phone.task.drop();
  away(t, page, 6000);
  assert.deepEqual([phone.tasks.length, page.data.state], [2, 'connecting']);
  assert.equal(page.rows('note').at(-1), 'Connection closed (1006): It was in the background.');
  await page.say('on the new one');
  await until(() => page.rows('received').length === 1);
  page.unload();
});

test('a send that fails gives the socket up, and the message goes with the next one', async () => {
  const { phone, page } = await open();
  phone.task.drop();
  await page.say('kept');
  await until(() => page.data.state === 'waiting');
  assert.equal(page.rows('note').at(-1), 'Connection closed (1006): sendSocketMessage:fail');
  assert.deepEqual([page.rows('waits'), page.below('waits')], [['kept'], ['Waiting']]);
  assert.match(page.text('.again'), /^Trying again in 1 s/);
  await page.tap('.retry');
  await until(() => page.rows('received').length === 1);
  page.unload();
});

test('a message that no socket takes is marked, and the next ones go', async () => {
  const { phone, page } = await open();
  const failing = (data) => data === 'bad';
  phone.task.fails = failing;
  await page.say('bad');
  await page.say('good');
  for (let tries = 1; tries < 3; tries++) {
    await until(() => page.data.state === 'waiting');
    await page.tap('.retry');
    phone.task.fails = failing;
    await until(() => page.data.state === 'open' || phone.task.sends > 0);
  }
  await until(() => page.data.state === 'waiting' && page.rows('failed').length === 1);
  assert.equal(page.below('failed')[0], 'Couldn’t be sent. It won’t be tried again.');
  await page.tap('.retry');
  await until(() => page.rows('received').length === 1);
  assert.deepEqual(page.rows('received'), ['good']);
  page.unload();
});

test('switching off never waits for a dead task', async (t) => {
  const { phone, page } = await open();
  phone.task.drop();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await page.toggle(false);
  assert.equal(page.data.on, false);
  t.mock.timers.tick(2000);
  assert.equal(page.data.state, 'off');
  page.unload();
});

test('a lost connection comes back when the network does', async () => {
  const { phone, page } = await open();
  phone.task.cut();
  await until(() => page.data.state === 'waiting');
  assert.equal(page.text('.state'), 'Connection lost.');
  phone.network(false);
  assert.equal(page.data.state, 'waiting');
  phone.network(true);
  await until(() => page.data.state === 'open');
  page.unload();
  assert.equal(phone.online.size, 0);
});

test('a close that tells nothing is said without "undefined"', async () => {
  const { phone, page } = await open();
  phone.task.vanish();
  assert.equal(page.rows('note').at(-1), 'Connection closed (1006): cut off');
  page.unload();
});

test('killed and back, it starts anew; what is off stays off', async () => {
  const { phone, page } = await open();
  page.unload();
  await until(() => !phone.task.alive());
  const again = load(service);
  assert.deepEqual([again.data.state, again.rows(), phone.tasks.length], ['off', [], 1]);
  await again.tap('.connect');
  await until(() => again.data.state === 'open');
  again.unload();
});

test('with five sockets taken the phone\'s own words say so, and a place that is free is used', async () => {
  const phone = createPhone();
  const pages = Array.from({ length: 6 }, () => load(service));
  for (const page of pages.slice(0, 5)) {
    await page.tap('.connect');
    await until(() => page.data.state === 'open');
  }
  await pages[5].tap('.connect');
  await until(() => pages[5].data.state === 'failed');
  assert.equal(pages[5].text('.state'), 'Could not connect. connectSocket:fail exceed max task count');
  await pages[0].toggle(false);
  await until(() => pages[0].data.state === 'off');
  await pages[5].tap('.connect');
  await until(() => pages[5].data.state === 'open');
  // A page that reconnects over and over keeps no place but its own.
  for (let i = 0; i < 8; i++) {
    phone.task.cut();
    await until(() => pages[5].data.state === 'waiting');
    await pages[5].tap('.retry');
    await until(() => pages[5].data.state === 'open');
  }
  assert.equal(phone.tasks.filter((task) => task.alive()).length, 5);
  pages.forEach((page) => page.unload());
});

test('a failed connection switches off and says why, in Chinese too', async () => {
  createPhone({ language: 'zh_CN' });
  const page = load('ws://127.0.0.1:1');
  await page.tap('.connect');
  await until(() => page.data.state === 'failed');
  assert.equal(page.data.on, false);
  assert.match(page.text('.state'), /^连接失败。 .*ECONNREFUSED/);
  await page.address('no address');
  await page.tap('.connect');
  await until(() => page.text('.state').startsWith('连接失败。 connectSocket:fail'));
  page.unload();
});

test('a room that no URL can name is refused in words', async () => {
  const phone = createPhone();
  for (const room of ['', '.', '..']) {
    const page = load(service);
    await page.target(1);
    await page.room(room);
    await page.toggle(true);
    assert.equal(page.text('.state'), 'Could not connect. A room needs a name other than “.” or “..”.');
    assert.deepEqual([page.data.on, phone.tasks.length], [false, 0]);
    page.unload();
  }
});

test('a server that does not answer is said in the program\'s own words', async (t) => {
  createPhone({ language: 'zh_CN' });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(wx, 'connectSocket', () => new Proxy({}, { get: () => () => {} }));
  const page = load(service);
  await page.tap('.connect');
  t.mock.timers.tick(10000);
  assert.equal(page.text('.state'), '连接失败。 服务器没有应答。');
  page.unload();
});
