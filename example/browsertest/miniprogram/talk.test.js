// The mini program talks to the service.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, until } from './page.js';
import { createPhone, service } from './phone.js';

for (const keeps of ['all', 'last']) {
  test(`echo, with what waited first, and off again, where a runtime keeps ${keeps} of the listeners`, async () => {
    const phone = createPhone({ keeps });
    const page = load(service);
    assert.equal(page.text('.connect'), 'Connect');
    await page.say('one');
    await page.say('二 👋');
    assert.deepEqual(page.rows('waits'), ['one', '二 👋']);
    await page.toggle(true);
    await until(() => page.rows('received').length === 2);
    await page.say('three');
    await until(() => page.rows('received').length === 3);
    assert.deepEqual(page.rows('received'), ['one', '二 👋', 'three']);
    assert.deepEqual(page.rows('sent'), ['one', '二 👋', 'three']);
    assert.deepEqual(page.rows('waits'), []);
    assert.match(page.below('sent')[0], /^\d\d:\d\d:\d\d · <?\d+ ms$/);
    assert.deepEqual([page.data.on, page.text('.state'), phone.task.protocols], [true, 'Connected', ['echo-protocol']]);
    await page.toggle(false);
    await until(() => page.data.state === 'off');
    assert.deepEqual([page.data.on, phone.tasks.length, phone.task.code], [false, 1, 1000]);
    page.unload();
  });
}

test('two phones in a room', async () => {
  const phone = createPhone();
  const ann = load(service);
  phone.language = 'zh_CN';
  const bob = load(service);
  for (const page of [ann, bob]) {
    await page.target(1);
    await page.room('小程序');
    await page.tap('.connect');
    await until(() => page.rows('note').length === 1); // that it has come in: a socket is open before
  }
  assert.match(bob.rows('note')[0], /^你是访客 \d+。现在共有 2 人。$/);
  await until(() => ann.rows('note').length === 2);
  await ann.say('hello');
  await until(() => bob.rows('received').length === 1 && ann.rows('sent').length === 1);
  assert.deepEqual([bob.rows('received'), ann.rows('received')], [['hello'], []]);
  assert.match(bob.below('received')[0], /^访客 \d+ \d\d:\d\d:\d\d$/);
  bob.unload();
  await until(() => ann.rows('note').length === 3);
  assert.match(ann.rows('note')[2], /^Guest \d+ left\. 1 here now\.$/);
  ann.unload();
});

test('where to can be changed while connected, and is told once by a confirming key and its blur', async () => {
  const phone = createPhone();
  const page = load(service);
  await page.tap('.connect');
  await until(() => page.data.state === 'open');
  await page.target(1);
  await until(() => page.rows('note').some((text) => text.startsWith('You are')));
  await page.room('lobby');
  await page.room('tea');
  await page.room('tea');
  await until(() => phone.tasks.length === 3 && page.data.state === 'open');
  assert.match(phone.task.url, /\/rooms\/tea\?guest=/);
  page.unload();
});

test('setData tells each change by its path, whatever the size of the messages and however many', async () => {
  createPhone();
  const page = load(service);
  await page.tap('.connect');
  await until(() => page.data.state === 'open');
  for (let i = 0; i < 8; i++) await page.say(String(i).repeat(200000));
  await until(() => page.rows('received').length === 8);
  assert.ok(page.rows('received').every((text) => text.length < 600 && text.endsWith('(200,000 characters)')));
  for (const change of page.calls.filter((c) => !('draft' in c))) assert.ok(!('log' in change) && JSON.stringify(change).length < 5000, JSON.stringify(change).slice(0, 200));
  for (let i = 0; i < 300; i++) await page.say(`m${i}`);
  await until(() => page.rows('received').at(-1) === 'm299');
  const left = page.rows().length;
  assert.ok(left > 150 && left <= 250, `${left} rows are left`); // the oldest are forgotten
  page.unload();
});

test('an address that ends in a slash is as good', async () => {
  const phone = createPhone();
  const page = load(`${service}//`);
  await page.tap('.connect');
  await until(() => page.data.state === 'open');
  assert.equal(phone.task.url, `${service}/ws`);
  page.unload();
});
