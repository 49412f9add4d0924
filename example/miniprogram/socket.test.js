import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createLink } from './shared/link.js';
import { dialer } from './socket.js';

let phoneless = false; // connectSocket returns nothing
let phone; // the last task: the test fires its events, and it closes nothing

globalThis.wx = {
  connectSocket(options) {
    const me = (phone = { options, closes: 0, sends: [] });
    return phoneless ? undefined : {
      onOpen: (f) => (me.open = f),
      onMessage: (f) => (me.message = f),
      onClose: (f) => (me.closed = f),
      onError: (f) => (me.error = f),
      send: (options) => me.sends.push(options),
      close: () => me.closes++,
    };
  },
};

let link, states, ends;

beforeEach(() => {
  states = [];
  ends = [];
  link = createLink(dialer('ws://127.0.0.1:8080/ws', 'echo-protocol'), {
    state: (state, detail) => states.push(detail ? `${state} ${detail}` : state),
    opened() {},
    closed: (code, reason) => ends.push(`${code} ${reason}`),
  });
});

test('a task that opens after it was switched off is closed again', () => {
  link.open();
  link.close();
  assert.equal(phone.closes, 1);
  phone.open();
  assert.equal(phone.closes, 2);
  assert.deepEqual(states, ['connecting', 'off']);
});

test('a task that fails is closed, and again should it open', () => {
  link.open();
  phone.error({ errMsg: 'timeout' });
  assert.equal(phone.closes, 1);
  phone.open();
  phone.closed({ code: 1000, reason: '' });
  assert.equal(phone.closes, 2);
  assert.deepEqual(states, ['connecting', 'failed timeout']);
});

test('a task that is given up is closed once it opens', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  link.open();
  t.mock.timers.tick(10000);
  assert.equal(phone.closes, 1);
  phone.open();
  assert.equal(phone.closes, 2);
  assert.deepEqual(states, ['connecting', 'failed silent']);
});

test('a task that is wanted is left open', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  link.open();
  phone.open();
  assert.equal(phone.closes, 0);
  link.close();
  assert.equal(phone.closes, 1);
  phone.closed({ code: 1000, reason: '' });
  assert.deepEqual(states, ['connecting', 'open', 'closing', 'off']);
});

test('a runtime that returns no task fails in its own words', () => {
  phoneless = true;
  link.open();
  phone.options.fail({ errMsg: 'connectSocket:fail exceed max task count' });
  phoneless = false;
  assert.deepEqual(states, ['connecting', 'failed connectSocket:fail exceed max task count']);
  phoneless = true;
  link.open();
  link.close();
  phoneless = false;
  assert.equal(states.at(-1), 'off');
});

test('a send that fails ends the socket, once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  link.open();
  phone.open();
  const outcomes = [];
  link.transmit('a', (outcome) => outcomes.push(outcome));
  phone.sends[0].success({ errMsg: 'sendSocketMessage:ok' });
  link.transmit('b', (outcome) => outcomes.push(outcome));
  phone.sends[1].fail({ errMsg: 'sendSocketMessage:fail' });
  assert.deepEqual(outcomes, ['taken', 'failed']);
  assert.deepEqual([ends, phone.closes, link.state], [['1006 sendSocketMessage:fail'], 1, 'waiting']);
  phone.closed({ code: 1006 });
  assert.equal(ends.length, 1);
});

test('events without what they should have are read all the same', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const event of [{}, undefined, { code: 1001 }, { code: 4000, reason: 'why' }]) {
    link.open();
    phone.open();
    phone.closed(event);
    link.close();
  }
  assert.deepEqual(ends, ['1006 ', '1006 ', '1001 ', '4000 why']);
});
