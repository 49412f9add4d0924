import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { chinese } from './shared/chinese.js';
import { english } from './shared/english.js';
import { closedText, nameText, noteText, progressText, saysText, stateText, tagOf, wordsFor } from './shared/words.js';

// shape is the keys of words, and what kind of thing each is.
const shape = (words) => Object.entries(words).map(([key, word]) => (typeof word === 'object' ? [key, shape(word)] : [key, typeof word, word.length > 0]));

test('Chinese has a word for each of English', () => {
  assert.deepEqual(shape(chinese).map(([key]) => key), shape(english).map(([key]) => key));
  for (const [key, word] of Object.entries(english)) {
    assert.equal(typeof chinese[key], typeof word, key);
    if (typeof word === 'object') assert.deepEqual(Object.keys(chinese[key]), Object.keys(word), key);
  }
});

test('a language is taken from what a browser or WeChat says', () => {
  for (const tag of ['zh', 'zh-CN', 'zh_CN', 'zh-Hant-TW', 'ZH']) assert.equal(wordsFor(tag), chinese, tag);
  for (const tag of ['en', 'de-CH', 'zha', '', undefined]) assert.equal(wordsFor(tag), english, tag);
  assert.deepEqual([tagOf(chinese), tagOf(english)], ['zh-CN', 'en']);
});

test('ends and failures are said in the reader\'s words, a server\'s own as they are', () => {
  assert.equal(closedText(english, 1001, ''), 'Connection closed (1001): the server is going away');
  assert.equal(closedText(english, 4000, ''), 'Connection closed (4000)');
  assert.equal(closedText(chinese, 4000, ''), '连接已关闭（4000）');
  assert.equal(closedText(chinese, 4000, 'enough'), '连接已关闭（4000）：enough');
  assert.equal(closedText(chinese, 1009, 'message too big'), '连接已关闭（1009）：消息过大');
  assert.equal(closedText(english, 1006, undefined), 'Connection closed (1006): cut off');
  assert.equal(stateText(english, 'failed', 'silent'), 'Could not connect. The server does not answer.');
  assert.equal(stateText(english, 'failed', undefined), 'Could not connect.');
  assert.equal(stateText(chinese, 'open'), '已连接');
});

test('guests have a number, and what happens in a room is a sentence', () => {
  assert.deepEqual([nameText(english, 'guest-12'), nameText(chinese, 'guest-12'), nameText(chinese, 'guest-x')], ['Guest 12', '访客 12', 'guest-x']);
  assert.equal(noteText(english, { entered: 'Ann', joined: [], left: [], here: 1 }), 'You are Ann. Nobody else is here yet.');
  assert.equal(noteText(english, { joined: [], left: ['guest-2'], here: 3 }), 'Guest 2 left. 3 here now.');
  assert.equal(noteText(english, { joined: ['Ann', 'guest-3'], left: ['Bob'], here: 4 }), 'Ann, Guest 3 joined. 4 here now. Bob left. 4 here now.');
  assert.equal(noteText(chinese, { joined: ['小明', 'guest-3'], left: [], here: 4 }), '小明、访客 3 进来了，现有 4 人。');
  assert.equal(noteText(english, { joined: [], left: [], here: 4 }), '');
  assert.equal(noteText(chinese, { reset: true }), '可能错过了一些消息。');
  assert.equal(noteText(english, { says: 'hello' }), '');
});

test('a long text is cut between letters', () => {
  assert.equal(saysText(english, 'abc', 3), 'abc');
  assert.equal(saysText(english, 'ab👋', 3), 'ab… (4 characters)');
  assert.equal(saysText(chinese, new ArrayBuffer(2000), 3), '2,000 字节的二进制数据');
});

test('each state of a message has its words', () => {
  const of = (message) => progressText(english, message);
  assert.deepEqual([of({ state: 'delivered', ms: 0.3 }), of({ state: 'delivered', ms: 12.6 })], ['<1 ms', '13 ms']);
  assert.deepEqual([of({ state: 'waiting' }), of({ state: 'waiting', doubtful: true }), of({ state: 'sending' })], ['Waiting', 'May have arrived. It will be sent again.', 'Sending…']);
  assert.equal(of({ state: 'refused', code: 1003 }), 'Not accepted: this kind of data is not accepted. It won’t be sent again.');
  assert.equal(of({ state: 'failed' }), 'Couldn’t be sent. It won’t be tried again.');
});

test('each word is used', () => {
  const sources = ['../page/', './', './shared/', './pages/index/'].flatMap((folder) => {
    const url = new URL(folder, import.meta.url);
    return readdirSync(url).filter((name) => /(?<!test)\.(js|html|wxml)$/.test(name) && !/english|chinese/.test(name)).map((name) => readFileSync(new URL(name, url), 'utf8'));
  }).join('\n');
  const keys = [...Object.keys(english), ...Object.keys(english.reasons).filter((key) => !key.includes(' '))];
  const unused = keys.filter((key) => !new RegExp(`words\\.${key}\\b|["']${key}["']`).test(sources));
  assert.deepEqual(unused, []);
});
