import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLink, delayBefore } from './shared/link.js';

// setup returns a link whose sockets are played by the test, in fake time.
function setup(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const seen = { states: [], messages: [], closed: [], opened: 0 };
  const sockets = [];
  const dial = (on) => {
    const socket = {
      on,
      got: [],
      codes: [],
      send(data, done) {
        socket.got.push(data);
        socket.done = done;
      },
      close: (code) => socket.codes.push(code),
    };
    sockets.push(socket);
    return socket;
  };
  const link = createLink(dial, {
    state: (state, detail) => seen.states.push(detail ? `${state} ${detail}` : state),
    opened: () => seen.opened++,
    message: (data) => seen.messages.push(data),
    closed: (code, reason) => seen.closed.push(`${code} ${reason}`.trim()),
  }, () => 1);
  // Node starts a timer that another has set at the end of a tick, not in its middle.
  const tick = (ms) => {
    for (let left = ms; left > 0; left -= 50) t.mock.timers.tick(Math.min(left, 50));
  };
  return { link, seen, sockets, tick };
}

test('a first connection that fails leaves the link off', (t) => {
  const { link, seen, sockets, tick } = setup(t);
  link.open();
  sockets[0].on.closed(1006, '');
  tick(1e6);
  assert.deepEqual(seen.states, ['connecting', 'failed']);
  assert.equal(sockets.length, 1);
  link.open();
  sockets[1].on.opened();
  assert.deepEqual([link.state, seen.opened], ['open', 1]);
});

test('a dial that throws is a failed connection', () => {
  const seen = [];
  const link = createLink(() => { throw new Error('bad address'); }, { state: (...what) => seen.push(...what) });
  link.open();
  assert.deepEqual(seen, ['connecting', undefined, 'failed', 'bad address']);
});

test('an open socket that is lost comes back after growing delays, counted down', (t) => {
  const { link, seen, sockets, tick } = setup(t);
  link.open();
  sockets[0].on.opened();
  sockets[0].on.closed(1001, 'bye');
  for (const [i, delay] of [1000, 2000, 4000].entries()) {
    tick(delay - 1);
    assert.equal(sockets.length, i + 1, 'it came too early');
    tick(1);
    assert.equal(sockets.length, i + 2);
    if (i < 2) sockets[i + 1].on.closed(1006, '');
  }
  assert.deepEqual(seen.closed, ['1001 bye']);
  assert.deepEqual(seen.states.filter((s) => s.startsWith('waiting')),
    ['waiting 1000', 'waiting 2000', 'waiting 1000', 'waiting 4000', 'waiting 3000', 'waiting 2000', 'waiting 1000']);
});

test('a delay of no whole seconds is counted down to them', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const left = [];
  let socket;
  const link = createLink((on) => (socket = { on, close() {} }), {
    state: (state, ms) => state === 'waiting' && left.push(ms), opened() {}, closed() {},
  }, () => 0.5);
  link.open();
  socket.on.opened();
  for (let i = 0; i < 2; i++) {
    socket.on.closed(1006, '');
    for (let ms = 0; ms < 1500; ms += 50) t.mock.timers.tick(50);
  }
  assert.deepEqual(left, [750, 1500, 1000]);
});

test('delays start again only after a socket has stayed open', (t) => {
  const { link, seen, sockets, tick } = setup(t);
  const delays = () => seen.states.filter((s, i, all) => s.startsWith('waiting') && !all[i - 1].startsWith('waiting'));
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
  assert.deepEqual(delays(), ['waiting 1000', 'waiting 2000', 'waiting 1000']);
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

test('an open socket that is given up is closed and comes back; no other is given up', (t) => {
  const { link, seen, sockets } = setup(t);
  link.giveUp('silent');
  link.open();
  link.giveUp('silent');
  assert.equal(link.state, 'connecting');
  sockets[0].on.opened();
  link.giveUp('silent');
  assert.equal(link.state, 'waiting');
  assert.deepEqual(seen.closed, ['1006 silent']);
  assert.equal(sockets[0].codes.length, 1);
  sockets[0].on.message('late');
  sockets[0].on.closed(1000, '');
  link.giveUp('silent');
  link.wake();
  assert.equal(sockets.length, 2);
  assert.deepEqual(seen.messages, []);
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
  assert.equal(sockets[0].codes.length, 1);
  sockets[0].on.opened();
  sockets[0].on.message('late');
  sockets[0].on.closed(1006, '');
  tick(1e6);
  assert.deepEqual(seen.states, ['connecting', 'off']);
  assert.deepEqual([seen.messages, seen.closed, seen.opened], [[], [], 0]);
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

test('closing takes the code along, waits for the socket\'s close, and takes what still comes', (t) => {
  const { link, seen, sockets } = setup(t);
  link.open();
  sockets[0].on.opened();
  link.close(4321);
  assert.deepEqual(sockets[0].codes, [4321]);
  sockets[0].on.message('still here');
  assert.equal(link.state, 'closing');
  sockets[0].on.closed(4321, '');
  assert.equal(link.state, 'off');
  assert.deepEqual(seen.messages, ['still here']);
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

test('a socket that does not open in 10 s is given up, and one that does not close in 2', (t) => {
  const { link, seen, sockets, tick } = setup(t);
  link.open();
  tick(10000);
  assert.equal(link.state, 'failed');
  assert.equal(sockets[0].codes.length, 1);
  link.open();
  sockets[1].on.opened();
  link.close();
  tick(2000);
  assert.equal(link.state, 'off');
  assert.ok(seen.states.includes('failed silent'));
  assert.deepEqual(seen.closed, ['1006 silent']);
});

test('a socket says what became of a message only while it is the one in use', (t) => {
  const { link, sockets } = setup(t);
  const outcomes = [];
  link.open();
  sockets[0].on.opened();
  link.transmit('one', (outcome) => outcomes.push(outcome));
  sockets[0].done('taken');
  link.transmit('two', (outcome) => outcomes.push(outcome));
  sockets[0].on.closed(1006, '');
  sockets[0].done('failed');
  assert.deepEqual(outcomes, ['taken']);
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
