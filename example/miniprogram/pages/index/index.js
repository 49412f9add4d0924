import { createLink } from '../../shared/link.js';
import { clock, closedText, messageText, roomPath, stateText, wordsFor } from '../../shared/words.js';
import { dialer } from '../../socket.js';

// The page shows this many messages, and forgets the oldest beyond them: setData copies
// the whole list from one thread of the mini program to the other.
const LONGEST = 200;

Page({
  data: {
    words: {}, // those that the template shows
    state: 'off',
    stateText: '',
    on: false, // the switch
    fixed: false, // the choices below cannot be changed while the connection is on
    address: 'ws://127.0.0.1:8080', // on a phone: wss, and a domain that the mini program lists
    targets: [],
    target: 0, // 0 the echo, 1 the chat room
    room: 'lobby',
    log: [],
    queue: [],
    draft: '',
    last: '', // the row that the log scrolls to
  },

  onLoad() {
    const words = wordsFor(wx.getAppBaseInfo().language);
    this.words = words;
    this.rows = 0;
    this.setData({
      words: Object.fromEntries(Object.entries(words).filter(([, word]) => typeof word === 'string')),
      stateText: words.off,
      targets: [words.echo, words.chat],
    });
    this.link = createLink((on) => this.dial(on), {
      state: (state, detail) =>
        this.setData({
          state,
          stateText: stateText(words, state, detail),
          on: state !== 'off' && state !== 'failed' && state !== 'closing',
          fixed: state !== 'off' && state !== 'failed',
        }),
      sent: (text) => this.add('sent', text),
      message: (data) => {
        const { text, from, note } = messageText(words, data, this.data.target === 1);
        this.add(note ? 'note' : 'received', text, from);
      },
      closed: (code, reason) => this.add('note', closedText(words, code, reason)),
      queue: (queue) =>
        this.setData({
          queue: queue.slice(),
          // The row of what was sent last has been scrolled to already.
          ...(queue.length > 0 && { last: `wait-${queue.length - 1}` }),
        }),
    }, words);
    this.online = ({ isConnected }) => isConnected && this.link.wake();
    wx.onNetworkStatusChange(this.online);
  },

  // WeChat closes sockets in the background: see ended in link.js.
  onShow() {
    this.link.wake();
  },

  onUnload() {
    wx.offNetworkStatusChange(this.online);
    this.link.close();
  },

  dial(on) {
    const { address, target, room } = this.data;
    const path = target === 1 ? roomPath(this.words, room) : 'ws';
    return dialer(`${address}/${path}`, 'echo-protocol')(on);
  },

  add(kind, text, from = '') {
    const row = { id: this.rows++, kind, text, from, time: clock(new Date()) };
    this.setData({ log: this.data.log.concat(row).slice(-LONGEST), last: `row-${row.id}` });
  },

  toggle(event) {
    if (event.detail.value) this.link.open();
    else this.link.close();
  },

  setAddress(event) {
    this.setData({ address: event.detail.value.trim() });
  },

  setTarget(event) {
    this.setData({ target: Number(event.detail.value) });
  },

  setRoom(event) {
    this.setData({ room: event.detail.value });
  },

  setDraft(event) {
    this.setData({ draft: event.detail.value });
  },

  send() {
    const text = this.data.draft;
    if (text === '') return;
    this.setData({ draft: '' });
    this.link.send(text);
  },
});
