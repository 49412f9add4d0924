import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createLink } from './shared/link.js';
import { dialer } from './socket.js';

let phone; // the last task: the test fires its events, and it closes nothing

globalThis.wx = {
  connectSocket() {
    const me = (phone = { closes: 0 });
    return {
      onOpen: (f) => (me.open = f),
      onMessage: (f) => (me.message = f),
      onClose: (f) => (me.closed = f),
      onError: (f) => (me.error = f),
      close: () => me.closes++,
    };
  },
};

let link, states;

beforeEach(() => {
  states = [];
  link = createLink(dialer('ws://127.0.0.1:8080/ws', 'echo-protocol'), {
    state: (state, detail) => states.push(detail ? `${state} ${detail}` : state),
    closed() {},
  }, {});
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
  assert.deepEqual(states, ['connecting', 'failed']);
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
