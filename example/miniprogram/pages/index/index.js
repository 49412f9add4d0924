import { createConversation } from '../../shared/conversation.js';
import { createEcho } from '../../shared/echo.js';
import { createRoom } from '../../shared/room.js';
import { createVisitor } from '../../shared/visitor.js';
import { clock, closedText, nameText, noteText, progressText, saysText, stateText, wordsFor } from '../../shared/words.js';
import { createLog } from '../../log.js';
import { dialer } from '../../socket.js';

// The log shows no more letters of a message than these.
const LETTERS = 500;

// After so many ms in the background, iOS has dropped the socket without a word.
const AWAY = 5000;

Page({
  data: {
    words: {}, // those that the template shows
    state: 'off',
    stateText: '',
    on: false, // the switch
    countdown: '', // until the next try
    address: 'ws://127.0.0.1:8080', // on a phone: wss, and a domain that the mini program lists
    targets: [],
    target: 0, // 0 the echo, 1 the chat room
    room: 'lobby',
    log: [], // blocks of rows, see log.js
    draft: '',
    last: '', // the row that the log scrolls to
  },

  // What no template shows.
  words: null, // all of them, functions too
  log: null,
  rows: null, // the number in the log of each message of ours that is under way
  hidden: 0, // since when it is in the background; 0: it is not
  speaker: null, // to talk to what the fields say
  visitor: null, // who we are to the rooms
  conversation: null,
  online: null, // the listener to the network's state

  onLoad() {
    const words = wordsFor(wx.getAppBaseInfo().language);
    this.words = words;
    this.log = createLog((change) => this.setData(change));
    this.rows = new Map();
    this.hidden = 0;
    this.setData({
      words: Object.fromEntries(Object.entries(words).filter(([, word]) => typeof word === 'string')),
      stateText: words.off,
      targets: [words.echo, words.chat],
    });
    // WeChat has random bytes only for who waits for them.
    this.visitor = createVisitor(Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join('-'));
    this.renew();
    this.conversation = createConversation({
      dial: (path, on, subprotocol) => dialer(`${this.data.address.replace(/\/+$/, '')}/${path}`, subprotocol)(on),
      on: {
        state: (state, detail) => this.showState(state, detail),
        mine: (message) => this.showMine(message),
        heard: (event) => this.showHeard(event),
        closed: (code, reason) => this.note(closedText(words, code, reason)),
      },
    });
    this.online = ({ isConnected }) => isConnected && this.conversation.wake();
    wx.onNetworkStatusChange(this.online);
  },

  // WeChat closes sockets in the background: see ended in link.js. Those that it does not
  // close are dead as well, if it was there for long.
  onShow() {
    if (this.hidden && Date.now() - this.hidden > AWAY) this.conversation.giveUp('background');
    this.hidden = 0;
    this.conversation.wake();
  },

  onHide() {
    this.hidden = Date.now();
  },

  onUnload() {
    wx.offNetworkStatusChange(this.online);
    this.conversation.close();
  },

  showState(state, detail) {
    const { words } = this;
    this.setData({
      state,
      stateText: stateText(words, state, detail),
      on: state !== 'off' && state !== 'failed' && state !== 'closing',
      countdown: state === 'waiting' ? words.retryIn(Math.ceil(detail / 1000)) : '',
    });
  },

  showMine(message) {
    const { words, rows } = this;
    const values = { kind: message.state === 'waiting' ? 'waits' : 'sent', state: message.state, small: progressText(words, message) };
    if (message.state === 'delivered') values.small = `${clock(new Date())} · ${values.small}`;
    if (rows.has(message.id)) this.log.change(rows.get(message.id), values);
    else rows.set(message.id, this.log.add({ ...values, text: saysText(words, message.data, LETTERS) }));
    if (['delivered', 'refused', 'failed'].includes(message.state)) rows.delete(message.id);
  },

  showHeard(event) {
    const { words } = this;
    const note = noteText(words, event);
    if (note) this.note(note);
    if (event.says === undefined || event.own) return;
    const from = event.from ? nameText(words, event.from) + ' ' : '';
    this.log.add({ kind: 'received', state: '', text: saysText(words, event.says, LETTERS), small: from + clock(event.date || new Date()) });
  },

  note(text) {
    this.log.add({ kind: 'note', state: '', text, small: clock(new Date()) });
  },

  // renew has the next connection go where the fields say, and one that is open as well.
  renew() {
    const { target, room } = this.data;
    this.speaker = target === 1 ? createRoom(this.visitor, room, '') : createEcho();
    if (this.data.on) this.conversation.open(this.speaker);
  },

  connect() {
    this.conversation.open(this.speaker);
  },

  toggle(event) {
    if (event.detail.value) this.connect();
    else this.conversation.close();
  },

  retry() {
    this.conversation.wake();
  },

  setAddress(event) {
    this.choose({ address: event.detail.value.trim() });
  },

  setTarget(event) {
    this.choose({ target: Number(event.detail.value) });
  },

  setRoom(event) {
    this.choose({ room: event.detail.value });
  },

  // choose takes what a field says; a key that confirms it and its blur both do.
  choose(values) {
    if (Object.entries(values).every(([key, value]) => this.data[key] === value)) return;
    this.setData(values);
    this.renew();
  },

  setDraft(event) {
    this.setData({ draft: event.detail.value });
  },

  send() {
    const text = this.data.draft;
    if (text === '') return;
    this.setData({ draft: '' });
    this.conversation.say(text);
  },
});
