// A client in a room: what it has to do to miss nothing and to double nothing, whatever happens to its sockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConversation } from './shared/conversation.js';
import { createRoom } from './shared/room.js';
import { createVisitor } from './shared/visitor.js';

// setup returns a conversation in a room, as Ann; its sockets are played by the test, in fake time.
function setup(t, visitor = createVisitor('key', 36)) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const seen = { mine: [], heard: [], closed: [] };
  const sockets = [];
  const dial = (path, on, subprotocol) => {
    const socket = { path, on, subprotocol, got: [], send: (data, done) => (socket.got.push(data), done('taken')), close() {} };
    socket.say = (frame) => on.message(JSON.stringify(frame));
    // greet says what a room says first.
    socket.greet = (frame) => (on.opened(), socket.say({ you: { user: 'u1', name: 'Ann' } }), socket.say(frame));
    sockets.push(socket);
    return socket;
  };
  const on = {
    state() {},
    mine: (m) => seen.mine.push(`${m.data} ${m.doubtful ? 'doubtful' : m.state}`),
    heard: (event) => event.says && !event.own && seen.heard.push(`${event.from} ${event.says}`) || event.reset && seen.heard.push('reset'),
    closed: (code, reason) => seen.closed.push(`${code} ${reason}`),
  };
  const conversation = createConversation({ dial, random: () => 0, on });
  conversation.open(createRoom(visitor, 'lobby', 'Ann'));
  return { conversation, seen, sockets, on, tick: (ms) => t.mock.timers.tick(ms) };
}

// said is a message as the room tells it.
const said = (at, user, id, says) => ({ at, topic: 'room/lobby', id, from: user, data: { name: user === 'u1' ? 'Ann' : 'Bob', says, time: 0 } });

test('nothing is sent before the room has said where we are, and one that does not is given up', (t) => {
  const { conversation, seen, sockets, tick } = setup(t);
  assert.deepEqual([sockets[0].path, sockets[0].subprotocol], ['rooms/lobby?name=Ann&guest=key', 'rooms.v1']);
  conversation.say('a');
  sockets[0].on.opened();
  sockets[0].say({ you: { user: 'u1', name: 'Ann' } });
  assert.deepEqual(sockets[0].got, []);
  tick(10000);
  assert.deepEqual(seen.closed, ['1006 silent']);
  conversation.wake();
  sockets[1].greet({ at: '1-a' });
  assert.deepEqual(sockets[1].got, ['{"id":"10.1","data":"a"}']);
});

test('only a message that comes back is delivered, and somebody else\'s of that id is not ours', (t) => {
  const { conversation, seen, sockets } = setup(t);
  sockets[0].greet({ at: '1-a' });
  conversation.say('a');
  sockets[0].say(said('2-b', 'u2', '10.1', 'a'));
  assert.equal(seen.mine.at(-1), 'a sending');
  sockets[0].say(said('3-c', 'u1', '10.1', 'a'));
  assert.equal(seen.mine.at(-1), 'a delivered');
  sockets[0].say(said('4-d', 'u1', 'z.1', 'before')); // from us, before the page was loaded anew
  assert.deepEqual(seen.heard, ['Bob a', 'Ann before']);
});

test('it comes back with its place, and sends again what has not come back, in order, before anything new', (t) => {
  const { conversation, seen, sockets } = setup(t);
  sockets[0].greet({ at: '1-a' });
  for (const text of ['one', 'two', 'three']) conversation.say(text);
  sockets[0].say(said('2-b', 'u1', '10.1', 'one'));
  sockets[0].on.closed(1006, '');
  assert.deepEqual(seen.mine.slice(-2), ['two doubtful', 'three doubtful']);
  conversation.say('new');
  conversation.wake();
  assert.equal(sockets[1].path, 'rooms/lobby?name=Ann&guest=key&since=2-b');
  sockets[1].on.opened();
  conversation.say('newer'); // the socket is open: it would overtake
  sockets[1].say({ you: { user: 'u1', name: 'Ann' } });
  sockets[1].say({ at: '2-b' });
  sockets[1].say(said('3-c', 'u1', '10.2', 'two')); // was stored the first time
  sockets[1].say(said('4-d', 'u2', 'x.1', 'meanwhile'));
  sockets[1].say(said('5-e', 'u1', '10.3', 'three'));
  assert.deepEqual(sockets[1].got.map((text) => JSON.parse(text).data), ['two', 'three', 'new', 'newer']);
  assert.deepEqual(sockets[1].got.map((text) => JSON.parse(text).id), ['10.2', '10.3', '10.4', '10.5']);
  assert.deepEqual(seen.heard, ['Bob meanwhile']);
  assert.deepEqual(seen.mine.slice(-2), ['two delivered', 'three delivered']);
});

test('a place is remembered once its message has been dealt with, and not before', (t) => {
  const { conversation, sockets, on } = setup(t);
  sockets[0].greet({ at: '1-a' });
  on.heard = () => { throw new Error('the page is full'); };
  assert.throws(() => sockets[0].say(said('2-b', 'u2', 'x.1', 'lost?')), /full/);
  sockets[0].on.closed(1006, '');
  conversation.wake();
  assert.match(sockets[1].path, /since=1-a$/);
});

test('a reset is told, the last messages are asked for, and none is shown twice', (t) => {
  const { conversation, seen, sockets } = setup(t);
  sockets[0].greet({ at: '7-a' });
  sockets[0].say(said('8-a', 'u2', 'x.1', 'old'));
  conversation.say('one');
  sockets[0].on.closed(1006, '');
  conversation.wake();
  sockets[1].greet({ at: '2-z', reset: true });
  assert.deepEqual(seen.heard, ['Bob old', 'reset']);
  assert.deepEqual(sockets[1].got, ['{"past":true}', '{"id":"10.1","data":"one"}']);
  sockets[1].say(said('3-z', 'u1', '10.1', 'one'));
  for (const [id, text] of [['x.1', 'old'], ['x.2', 'missed']]) sockets[1].say(said(undefined, 'u2', id, text));
  sockets[1].say(said('4-z', 'u2', 'x.1', 'old')); // sent again by one who could not know
  sockets[1].say(said('5-z', 'u2', 'x.3', 'new'));
  assert.deepEqual(seen.heard.slice(2), ['Bob missed', 'Bob new']);
  assert.equal(seen.mine.at(-1), 'one delivered');
  sockets[1].on.closed(1001, '');
  conversation.wake();
  assert.match(sockets[2].path, /since=5-z$/);
});

test('a quiet room says where it is, and one that is silent for longer is given up', (t) => {
  const { seen, sockets, tick } = setup(t);
  sockets[0].greet({ at: '1-a' });
  for (let i = 0; i < 10; i++) {
    tick(40000);
    sockets[0].say({ at: '1-a' });
  }
  assert.deepEqual(seen.closed, []);
  tick(45000);
  assert.deepEqual(seen.closed, ['1006 silent']);
});

test('another name is another connection of the same guest, which misses nothing', (t) => {
  const visitor = createVisitor('key', 36);
  const { conversation, sockets } = setup(t, visitor);
  sockets[0].greet({ at: '1-a' });
  conversation.say('one');
  sockets[0].say(said('5-e', 'u2', 'x.1', 'hello'));
  conversation.open(createRoom(visitor, 'lobby', 'Anna'));
  sockets[0].on.closed(1000, '');
  assert.equal(sockets[1].path, 'rooms/lobby?name=Anna&guest=key&since=5-e');
  sockets[1].greet({ at: '5-e' });
  assert.deepEqual(sockets[1].got, ['{"id":"10.1","data":"one"}']);
});

test('a room tells who is in it, and who came and went', () => {
  const room = createRoom(createVisitor('key'), 'lobby', '');
  const person = (user, name) => ({ user, info: { name } });
  const read = (frame) => room.read(JSON.stringify({ topic: 'room/lobby', ...frame }));
  assert.deepEqual(read({ you: { user: 'u1', name: 'Ann' } }), { me: 'Ann' });
  const event = read({ here: [person('u1', 'Ann'), person('u2', 'Ann')], users: 2 });
  assert.deepEqual([event.entered, event.joined, event.members, event.here], ['Ann', [], ['Ann', 'Ann'], 2]);
  assert.deepEqual(read({ joined: [person('u3', 'Eve')], left: [person('u2', 'Ann')], users: 2 }),
    { entered: undefined, joined: ['Eve'], left: ['Ann'], members: ['Ann', 'Eve'], here: 2 });
  const renamed = read({ joined: [person('u3', 'Eva')], users: 2 }); // has not come
  assert.deepEqual([renamed.joined, renamed.members], [[], ['Ann', 'Eva']]);
  const many = read({ users: 4711 });
  assert.deepEqual([many.joined, many.members, many.here], [[], [], 4711]);
});

test('rooms that no URL can name are refused', () => {
  for (const name of ['', '.', '..']) assert.throws(() => createRoom(createVisitor(''), name).path(), /^Error: nameless$/);
  for (const name of ['...', '%2e%2e', 'a/b', '茶 馆']) assert.equal(createRoom(createVisitor(''), name).path(), `rooms/${encodeURIComponent(name)}`);
});

test('binary data is sent as it is', () => {
  const data = new ArrayBuffer(2);
  assert.equal(createRoom(createVisitor(''), 'lobby').write({ id: 1, data }), data);
});
