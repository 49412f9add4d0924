import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConversation } from './shared/conversation.js';
import { createEcho } from './shared/echo.js';
import { createRoom } from './shared/room.js';

// setup returns a conversation whose sockets are played by the test, in fake time.
function setup(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const seen = { states: [], mine: [], heard: [], closed: [] };
  const sockets = [];
  const dial = (path, on) => {
    const socket = { path, on, got: [], send: (data, done) => (socket.got.push(data), done('taken')), close: (code = 1000) => (socket.code = code) };
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
      heard: (event) => seen.heard.push(event.says ?? event.does ?? 'reset'),
      closed: (code, reason) => seen.closed.push(`${code} ${reason}`),
    },
  });
  return { conversation, seen, sockets, tick: (ms) => t.mock.timers.tick(ms) };
}
const joined = (names, more) => ({ from: names.at(-1), does: 'joined', own: true, names, here: names.length, ...more });

test('the echo answers each message in its turn', (t) => {
  const { conversation, seen, sockets } = setup(t);
  conversation.open(createEcho());
  assert.equal(sockets[0].path, 'ws');
  conversation.say('a');
  sockets[0].on.opened();
  sockets[0].on.message('a');
  assert.deepEqual(seen.mine, ['a waiting', 'a sending', 'a delivered']);
  assert.deepEqual(seen.heard, ['a']);
});

test('nothing is said in a room before it has greeted, and one that does not is given up', (t) => {
  const { conversation, seen, sockets, tick } = setup(t);
  conversation.open(createRoom('茶 馆', 'Ann'));
  assert.equal(sockets[0].path, 'rooms/%E8%8C%B6%20%E9%A6%86?name=Ann');
  conversation.say('a');
  sockets[0].on.opened();
  assert.deepEqual(sockets[0].got, []);
  tick(10000);
  assert.deepEqual(seen.closed, ['1006 silent']);
  conversation.wake();
  sockets[1].on.opened();
  sockets[1].say(joined(['Bob', 'Ann']));
  assert.deepEqual(sockets[1].got, ['a']);
  tick(9000);
  sockets[1].say({ from: 'Bob', says: 'a', here: 2 }); // is no receipt
  assert.equal(seen.mine.at(-1), 'a sending');
  sockets[1].say({ from: 'Ann', says: 'a', own: true, here: 2 });
  assert.equal(seen.mine.at(-1), 'a delivered');
});

test('a room tells who is in it, also where two have one name', (t) => {
  const { conversation, sockets } = setup(t);
  const room = createRoom('lobby', '');
  conversation.open(room);
  assert.equal(sockets[0].path, 'rooms/lobby');
  assert.deepEqual(room.read(JSON.stringify(joined(['Ann', 'Ann', 'guest-3']))).members, ['Ann', 'Ann', 'guest-3']);
  assert.deepEqual(room.read('{"from":"Eve","does":"joined","here":4}').members, ['Ann', 'Ann', 'guest-3', 'Eve']);
  assert.deepEqual(room.read('{"from":"Ann","does":"left","here":3}').members, ['Ann', 'guest-3', 'Eve']);
  assert.deepEqual(room.read('{"from":"nobody","does":"left","here":3}').members, ['Ann', 'guest-3', 'Eve']);
});

test('rooms that no URL can name are refused', () => {
  for (const name of ['', '.', '..']) assert.throws(() => createRoom(name).path(), /^Error: nameless$/);
  for (const name of ['...', '%2e%2e', 'a/b']) assert.equal(createRoom(name).path(), `rooms/${encodeURIComponent(name)}`);
});

test('a room that says where in its history it is, is asked for what was missed since', (t) => {
  const { conversation, seen, sockets } = setup(t);
  conversation.open(createRoom('lobby', 'Ann'));
  sockets[0].on.opened();
  sockets[0].say(joined(['Ann'], { at: '1-a' }));
  conversation.say('one');
  conversation.say('two');
  sockets[0].say({ from: 'Ann', says: 'one', own: true, here: 1, at: '2-b', id: 1 });
  sockets[0].on.closed(1006, '');
  conversation.wake();
  assert.equal(sockets[1].path, 'rooms/lobby?name=Ann&since=2-b');
  sockets[1].on.opened();
  sockets[1].say(joined(['Ann'], { at: '2-b' }));
  assert.deepEqual(sockets[1].got, ['two']);
  sockets[1].say({ reset: true, at: '9-z' });
  assert.equal(seen.heard.at(-1), 'reset');
  sockets[1].on.closed(1006, '');
  conversation.wake();
  assert.match(sockets[2].path, /since=9-z$/);
});

test('where a frame has gone wrong, its place is not remembered', (t) => {
  const { conversation, sockets } = setup(t);
  conversation.open(createRoom('lobby', ''));
  sockets[0].on.opened();
  assert.throws(() => sockets[0].on.message('no JSON'));
  assert.equal(createRoom('lobby', '').path(), 'rooms/lobby');
});

test('another speaker gets another connection, and what the old one still says is the old one\'s', (t) => {
  const { conversation, seen, sockets } = setup(t);
  const echo = createEcho();
  conversation.open(echo);
  conversation.open(echo);
  sockets[0].on.opened();
  conversation.open(createRoom('lobby', ''));
  conversation.say('meanwhile');
  assert.deepEqual([sockets.length, sockets[0].code, conversation.state], [1, 1000, 'closing']);
  sockets[0].on.message('no JSON');
  sockets[0].on.closed(1000, '');
  assert.equal(sockets[1].path, 'rooms/lobby');
  sockets[1].on.opened();
  sockets[1].say(joined(['guest-1']));
  assert.deepEqual(sockets[1].got, ['meanwhile']);
  assert.deepEqual([sockets[0].got, seen.heard], [[], ['no JSON', 'joined']]);
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
