import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConversation } from './shared/conversation.js';
import { createEcho } from './shared/echo.js';
import { createRoom } from './shared/room.js';
import { createVisitor } from './shared/visitor.js';

// setup returns a conversation whose sockets are played by the test, in fake time.
function setup(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const seen = { states: [], mine: [], heard: [], closed: [] };
  const sockets = [];
  const dial = (path, on, subprotocol) => {
    const socket = { path, on, subprotocol, got: [], send: (data, done) => (socket.got.push(data), done('taken')), close: (code = 1000) => (socket.code = code) };
    socket.say = (frame) => on.message(JSON.stringify(frame));
    sockets.push(socket);
    return socket;
  };
  const conversation = createConversation({
    dial,
    random: () => 0,
    on: {
      state: (state) => seen.states.push(state),
      mine: (m) => seen.mine.push(`${m.data} ${m.doubtful ? 'doubtful' : m.state}`),
      heard: (event) => seen.heard.push(event.says),
      closed: (code, reason) => seen.closed.push(`${code} ${reason}`),
    },
  });
  return { conversation, seen, sockets, tick: (ms) => t.mock.timers.tick(ms) };
}
const you = { you: { user: 'u1', name: 'Ann' } };

test('the echo answers each message in its turn', (t) => {
  const { conversation, seen, sockets } = setup(t);
  conversation.open(createEcho());
  assert.deepEqual([sockets[0].path, sockets[0].subprotocol], ['ws', 'echo-protocol']);
  conversation.say('a');
  sockets[0].on.opened();
  sockets[0].on.message('a');
  assert.deepEqual(seen.mine, ['a waiting', 'a sending', 'a delivered']);
  assert.deepEqual(seen.heard, ['a']);
});

test('another speaker gets another connection, and what the old one still says is the old one\'s', (t) => {
  const { conversation, seen, sockets } = setup(t);
  const echo = createEcho();
  conversation.open(echo);
  conversation.open(echo);
  sockets[0].on.opened();
  conversation.open(createRoom(createVisitor('key'), 'lobby', ''));
  conversation.say('meanwhile');
  assert.deepEqual([sockets.length, sockets[0].code, conversation.state], [1, 1000, 'closing']);
  sockets[0].on.message('no JSON');
  sockets[0].on.closed(1000, '');
  assert.equal(sockets[1].path, 'rooms/lobby?guest=key');
  sockets[1].on.opened();
  sockets[1].say(you);
  sockets[1].say({ at: '1-a' });
  assert.equal(JSON.parse(sockets[1].got[0]).data, 'meanwhile');
  assert.deepEqual([sockets[0].got, seen.heard[0]], [[], 'no JSON']);
});

test('what is said while it closes waits', (t) => {
  const { conversation, sockets } = setup(t);
  conversation.open(createEcho());
  sockets[0].on.opened();
  conversation.close(4000);
  conversation.say('late');
  assert.deepEqual([sockets[0].code, sockets[0].got], [4000, []]);
  sockets[0].on.closed(4000, '');
  assert.equal(conversation.state, 'off');
  assert.deepEqual(conversation.waiting.map((m) => m.data), ['late']);
});
