import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLink, delayBefore } from './shared/link.js';

// setup returns a link whose sockets are played by the test, in fake time.
function setup(t, { take = () => true } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const seen = { states: [], sent: [], messages: [], closed: [] };
  const sockets = [];
  const dial = (on) => {
    const socket = {
      on,
      got: [],
      closes: 0,
      send(text, sent) {
        const taken = take(text, socket);
        if (taken) socket.got.push(text);
        if (typeof taken === 'boolean') sent(taken);
        else socket.settle = sent; // the test says when
      },
      close: () => socket.closes++,
    };
    sockets.push(socket);
    return socket;
  };
  const link = createLink(dial, {
    state: (state, detail) => seen.states.push(detail ? `${state} ${detail}` : state),
    sent: (text) => seen.sent.push(text),
    message: (data) => seen.messages.push(data),
    closed: (code, reason) => seen.closed.push(`${code} ${reason}`.trim()),
    queue: () => {},
  }, { silent: 'no answer' }, () => 1);
  return { link, seen, sockets, tick: (ms) => t.mock.timers.tick(ms) };
}

test('messages wait while the link is off or connecting, and leave in order, once', (t) => {
  const { link, seen, sockets } = setup(t);
  link.send('one');
  link.open();
  link.send('two');
  assert.deepEqual(link.queue, ['one', 'two']);
  sockets[0].on.opened();
  link.send('three');
  assert.deepEqual(sockets[0].got, ['one', 'two', 'three']);
  assert.deepEqual(seen.sent, ['one', 'two', 'three']);
  assert.deepEqual(link.queue, []);
  assert.equal(link.state, 'open');
});

test('ten thousand messages that waited leave without a deep stack', (t) => {
  const { link, sockets } = setup(t);
  const many = Array.from({ length: 10000 }, (_, i) => String(i));
  many.forEach(link.send);
  link.open();
  sockets[0].on.opened();
  assert.deepEqual(sockets[0].got, many);
});

test('a first connection that fails leaves the link off, with what waits', (t) => {
  const { link, seen, sockets, tick } = setup(t);
  link.send('one');
  link.open();
  sockets[0].on.closed(1006, '');
  tick(1e6);
  assert.deepEqual(seen.states, ['connecting', 'failed']);
  assert.equal(sockets.length, 1);
  link.open();
  sockets[1].on.opened();
  assert.deepEqual(sockets[1].got, ['one']);
});

test('a dial that throws is a failed connection', (t) => {
  const seen = [];
  const link = createLink(() => { throw new Error('bad address'); }, {
    state: (...what) => seen.push(...what),
  });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  link.open();
  assert.deepEqual(seen, ['connecting', undefined, 'failed', 'bad address']);
});

test('an open socket that is lost comes back after growing delays, with what waited', (t) => {
  const { link, seen, sockets, tick } = setup(t);
  link.open();
  sockets[0].on.opened();
  sockets[0].on.closed(1001, 'bye');
  link.send('late');
  for (const [i, delay] of [1000, 2000, 4000].entries()) {
    tick(delay - 1);
    assert.equal(sockets.length, i + 1, 'it came too early');
    tick(1);
    assert.equal(sockets.length, i + 2);
    if (i < 2) sockets[i + 1].on.closed(1006, '');
  }
  sockets[3].on.opened();
  assert.deepEqual(sockets[3].got, ['late']);
  assert.deepEqual(seen.closed, ['1001 bye']);
  assert.deepEqual(seen.states.filter((s) => s.startsWith('waiting')),
    ['waiting 1000', 'waiting 2000', 'waiting 4000']);
});

test('delays start again only after a socket has stayed open', (t) => {
  const { link, seen, sockets, tick } = setup(t);
  link.open();
  sockets[0].on.opened();
  sockets[0].on.closed(1011, '');
  tick(1000);
  sockets[1].on.opened();
  sockets[1].on.closed(1011, ''); // at once: not a success
  tick(2000);
  sockets[2].on.opened();
  tick(10000);
  sockets[2].on.closed(1011, '');
  assert.deepEqual(seen.states.filter((s) => s.startsWith('waiting')),
    ['waiting 1000', 'waiting 2000', 'waiting 1000']);
});

test('wake ends a wait, and nothing else', (t) => {
  const { link, sockets } = setup(t);
  link.wake();
  assert.equal(sockets.length, 0);
  link.open();
  link.wake();
  assert.equal(sockets.length, 1);
  sockets[0].on.opened();
  link.wake();
  sockets[0].on.closed(1006, '');
  link.wake();
  assert.equal(sockets.length, 2);
});

test('a normal close by the server switches off; WeChat\'s own does not', (t) => {
  const { link, sockets, tick } = setup(t);
  link.open();
  sockets[0].on.opened();
  sockets[0].on.closed(1000, 'interrupted');
  assert.equal(link.state, 'waiting');
  tick(1000);
  sockets[1].on.opened();
  sockets[1].on.closed(1000, '');
  assert.equal(link.state, 'off');
});

test('switched off before it opens, it stays off whatever the socket does then', (t) => {
  const { link, seen, sockets, tick } = setup(t);
  link.open();
  link.close();
  assert.equal(sockets[0].closes, 1);
  sockets[0].on.opened();
  sockets[0].on.message('late');
  sockets[0].on.closed(1006, '');
  tick(1e6);
  assert.deepEqual(seen.states, ['connecting', 'off']);
  assert.deepEqual([seen.messages, seen.closed], [[], []]);
});

test('switched off while it waits, it does not come back', (t) => {
  const { link, sockets, tick } = setup(t);
  link.open();
  sockets[0].on.opened();
  sockets[0].on.closed(1006, '');
  link.close();
  tick(1e6);
  assert.equal(link.state, 'off');
  assert.equal(sockets.length, 1);
});

test('closing waits for the socket\'s close, and takes what still comes', (t) => {
  const { link, seen, sockets } = setup(t);
  link.open();
  sockets[0].on.opened();
  link.close();
  link.send('after');
  sockets[0].on.message('still here');
  assert.equal(link.state, 'closing');
  sockets[0].on.closed(1000, '');
  assert.equal(link.state, 'off');
  assert.deepEqual(seen.messages, ['still here']);
  assert.deepEqual(sockets[0].got, []);
  assert.deepEqual(link.queue, ['after']);
});

test('switched on again while it closes, it opens when that is done', (t) => {
  const { link, sockets } = setup(t);
  link.open();
  sockets[0].on.opened();
  link.close();
  link.open();
  assert.equal(sockets.length, 1);
  sockets[0].on.closed(1000, '');
  assert.equal(sockets.length, 2);
  assert.equal(link.state, 'connecting');
});

test('a socket that neither opens nor closes is given up', (t) => {
  const { link, seen, sockets, tick } = setup(t);
  link.open();
  tick(10000);
  assert.equal(link.state, 'failed');
  assert.equal(sockets[0].closes, 1);
  link.open();
  sockets[1].on.opened();
  link.close();
  tick(10000);
  assert.equal(link.state, 'off');
  assert.ok(seen.states.includes('failed no answer'));
  assert.deepEqual(seen.closed, ['1006']);
});

test('a message that the socket does not take waits for the next one', (t) => {
  let deaf = true;
  const { link, seen, sockets, tick } = setup(t, { take: () => !deaf });
  link.open();
  sockets[0].on.opened();
  link.send('one');
  link.send('two');
  assert.deepEqual(link.queue, ['one', 'two']);
  sockets[0].on.closed(1006, '');
  deaf = false;
  tick(1000);
  sockets[1].on.opened();
  assert.deepEqual(sockets[1].got, ['one', 'two']);
  assert.deepEqual(seen.sent, ['one', 'two']);
});

test('a socket that takes its time gets one message at a time', (t) => {
  const { link, seen, sockets, tick } = setup(t, { take: () => undefined });
  link.open();
  link.send('one');
  link.send('two');
  sockets[0].on.opened();
  assert.deepEqual(seen.sent, []);
  sockets[0].settle(true);
  assert.deepEqual(seen.sent, ['one']);
  const late = sockets[0].settle;
  sockets[0].on.closed(1006, ''); // before it said that it took "two"
  late(true);
  assert.deepEqual(link.queue, ['two']);
  tick(1000);
  sockets[1].on.opened();
  sockets[1].settle(true);
  assert.deepEqual(seen.sent, ['one', 'two']);
});

test('each delay is at least the last one, jittered, until they stop growing', () => {
  let longest = 0;
  for (let attempt = 0; longest < delayBefore(1000, () => 1); attempt++) {
    assert.ok(delayBefore(attempt, () => 0) >= longest);
    longest = delayBefore(attempt, () => 1);
    assert.ok(delayBefore(attempt, () => 0) < longest);
  }
  assert.equal(longest, 32000);
});
