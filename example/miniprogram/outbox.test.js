import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutbox } from './shared/outbox.js';

// setup returns an outbox whose socket takes what it gets, unless take says otherwise.
function setup(t, take = () => 'taken') {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const seen = { got: [], changes: [], silent: 0, settle: null };
  const outbox = createOutbox({
    transmit({ data }, done) {
      seen.got.push(data);
      const outcome = take(data);
      if (outcome) done(outcome);
      else seen.settle = done; // the test says when
    },
    changed: (m) => seen.changes.push([m.data, m.doubtful ? 'doubtful' : m.state].join(' ')),
    silent: () => seen.silent++,
  });
  return { outbox, seen, tick: (ms) => t.mock.timers.tick(ms) };
}

test('messages wait until the service is ready, leave in order, and are delivered with their round trip', (t) => {
  const { outbox, seen, tick } = setup(t);
  const one = outbox.add('one');
  outbox.add('two');
  assert.deepEqual(seen.got, []);
  assert.deepEqual(outbox.waiting.map((m) => m.data), ['one', 'two']);
  outbox.ready();
  outbox.add('three');
  assert.deepEqual(seen.got, ['one', 'two', 'three']);
  tick(25);
  outbox.receipt();
  assert.deepEqual([one.state, one.ms], ['delivered', 25]);
  assert.deepEqual(seen.changes, ['one waiting', 'two waiting', 'one sending', 'two sending',
    'three waiting', 'three sending', 'one delivered']);
});

test('ten thousand messages that waited leave without a deep stack', (t) => {
  const { outbox, seen } = setup(t);
  for (let i = 0; i < 10000; i++) outbox.add(String(i));
  outbox.ready();
  assert.equal(seen.got.length, 10000);
});

test('nothing back in 10 s is silence, however much more is sent', (t) => {
  const { outbox, seen, tick } = setup(t);
  outbox.ready();
  tick(60000); // nothing is owed
  assert.equal(seen.silent, 0);
  outbox.add('a');
  tick(9000);
  outbox.add('b');
  tick(999);
  assert.equal(seen.silent, 0);
  tick(2);
  assert.equal(seen.silent, 1);
});

test('each answer gives the others their time anew, and a long message takes longer', (t) => {
  const { outbox, seen, tick } = setup(t);
  outbox.ready();
  outbox.add('a');
  outbox.add(new ArrayBuffer(200000));
  tick(9000);
  outbox.receipt();
  tick(19000);
  assert.equal(seen.silent, 0);
  tick(1001);
  assert.equal(seen.silent, 1);
  outbox.receipt();
  tick(60000);
  assert.equal(seen.silent, 1);
});

test('what was not answered when the connection ended waits again, first, as what may have arrived', (t) => {
  const { outbox, seen } = setup(t);
  outbox.ready();
  outbox.add('one');
  outbox.add('two');
  outbox.receipt();
  outbox.add('three');
  outbox.closed(1006);
  outbox.add('four');
  assert.deepEqual(outbox.waiting.map((m) => [m.data, m.doubtful]), [['two', true], ['three', true], ['four', false]]);
  outbox.ready();
  assert.deepEqual(seen.got.slice(3), ['two', 'three', 'four']);
});

test('a message that ended its session is refused, and those after it have not arrived', (t) => {
  for (const code of [1003, 1007, 1009]) {
    const { outbox } = setup(t);
    t.mock.timers.reset();
    outbox.ready();
    outbox.add('fine');
    const bad = outbox.add('bad');
    outbox.add('next');
    outbox.receipt();
    outbox.closed(code);
    assert.deepEqual([bad.state, bad.code], ['refused', code]);
    assert.deepEqual(outbox.waiting.map((m) => [m.data, m.doubtful]), [['next', false]]);
  }
});

test('a socket that takes its time gets one message at a time, and an answer may come first', (t) => {
  const { outbox, seen } = setup(t, () => null);
  outbox.ready();
  outbox.add('one');
  const two = outbox.add('two');
  assert.deepEqual(seen.got, ['one']);
  const done = seen.settle;
  outbox.receipt();
  done('taken');
  assert.deepEqual(seen.got, ['one', 'two']);
  assert.equal(two.state, 'sending');
  outbox.closed(1006); // before it said that it took "two"
  assert.deepEqual(outbox.waiting.map((m) => [m.data, m.doubtful]), [['two', true]]);
});

test('a message that a closing socket kept has not arrived', (t) => {
  const { outbox, seen } = setup(t, () => 'kept');
  outbox.ready();
  outbox.add('one');
  outbox.add('two');
  outbox.closed(1001);
  assert.deepEqual(seen.got, ['one']);
  assert.deepEqual(outbox.waiting.map((m) => [m.data, m.doubtful]), [['one', false], ['two', false]]);
});

test('a message that no socket takes is marked after three, and the next ones go', (t) => {
  const { outbox, seen } = setup(t, (data) => (data === 'bad' ? 'failed' : 'taken'));
  const bad = outbox.add('bad');
  const next = outbox.add('next');
  for (let i = 0; i < 3; i++) {
    assert.equal(bad.state, 'waiting');
    outbox.ready();
    outbox.closed(1006);
  }
  assert.equal(bad.state, 'failed');
  assert.deepEqual(seen.got, ['bad', 'bad', 'bad']);
  outbox.ready();
  assert.deepEqual(seen.got.slice(3), ['next']);
  outbox.receipt();
  assert.deepEqual([next.state, outbox.waiting], ['delivered', []]);
});

test('while it pauses nothing leaves', (t) => {
  const { outbox, seen } = setup(t);
  outbox.ready();
  outbox.pause();
  outbox.add('after');
  assert.deepEqual(seen.got, []);
  assert.equal(outbox.waiting.length, 1);
});

test('an answer that names its message may come for one that waits again', (t) => {
  const { outbox } = setup(t);
  outbox.ready();
  const [one, two] = [outbox.add('one'), outbox.add('two')];
  outbox.receipt(two.id);
  assert.deepEqual([one.state, two.state], ['sending', 'delivered']);
  outbox.closed(1006);
  outbox.receipt(one.id); // what was missed is told before anything is sent again
  assert.deepEqual([one.state, outbox.waiting], ['delivered', []]);
  outbox.receipt(99);
});
