// Every word that the page and the mini program show, in English and Chinese.

const en = {
  connection: 'Connection',
  target: 'Talk to',
  echo: 'Echo',
  chat: 'Chat room',
  room: 'Room name',
  subprotocol: 'Subprotocol',
  address: 'Server',
  message: 'Message',
  send: 'Send',
  talk: 'Conversation',
  log: 'Messages',
  queue: 'Messages that wait for the connection',
  sent: 'Sent',
  received: 'Received',
  waits: 'Waiting',
  empty: 'Switch the connection on and write something. What you write before it is open waits here, and leaves in order.',
  off: 'Off',
  connecting: 'Connecting…',
  open: 'Open',
  closing: 'Closing…',
  waiting: (seconds) => `Connection lost. Trying again in ${seconds} s.`,
  failed: 'Could not connect.',
  refused: 'The server is there, but it refused the handshake.',
  speaks: (subprotocol) => `It speaks ${subprotocol}.`,
  silent: 'The server does not answer.',
  unreachable: 'The server cannot be reached.',
  nameless: 'A room needs a name, and “.” and “..” are none.',
  closed: (code, reason) => `Closed with ${code}: ${reason}`,
  codes: {
    1000: 'as agreed',
    1001: 'the server is going away',
    1002: 'a protocol error',
    1003: 'data it does not accept',
    1005: 'no reason given',
    1006: 'cut off',
    1007: 'text that is not UTF-8',
    1008: 'against its policy',
    1009: 'the message was too big',
    1011: 'the server had an error',
    1013: 'try again later',
  },
  joined: (name, here) => `${name} came in. Here now: ${here}.`,
  left: (name, here) => `${name} left. Here now: ${here}.`,
  bytes: (n) => `[${n} bytes]`,
  figures: 'Live figures',
  stats: {
    open: 'Sessions open',
    opened: 'Sessions opened',
    messages_in: 'Messages in',
    messages_out: 'Messages out',
    bytes_in: 'Bytes in',
    bytes_out: 'Bytes out',
    queued: 'Bytes that wait',
    refused: 'Refused',
    ended: 'Ended',
  },
  stale: 'No figures: the server does not answer.',
};

const zh = {
  connection: '连接',
  target: '对话对象',
  echo: '回声',
  chat: '聊天室',
  room: '房间名',
  subprotocol: '子协议',
  address: '服务器',
  message: '消息',
  send: '发送',
  talk: '对话',
  log: '消息记录',
  queue: '等待连接的消息',
  sent: '已发送',
  received: '已收到',
  waits: '等待中',
  empty: '打开连接，写点什么。连接建立之前写下的消息会在这里等待，然后按顺序发出。',
  off: '已关闭',
  connecting: '正在连接…',
  open: '已连接',
  closing: '正在关闭…',
  waiting: (seconds) => `连接已断开，${seconds} 秒后重试。`,
  failed: '连接失败。',
  refused: '服务器在线，但拒绝了握手。',
  speaks: (subprotocol) => `它使用的子协议是 ${subprotocol}。`,
  silent: '服务器没有应答。',
  unreachable: '无法连接到服务器。',
  nameless: '房间要有名称，“.”和“..”不算。',
  closed: (code, reason) => `连接关闭，代码 ${code}：${reason}`,
  codes: {
    1000: '正常关闭',
    1001: '服务器正在离开',
    1002: '协议错误',
    1003: '不接受的数据',
    1005: '未说明原因',
    1006: '连接中断',
    1007: '文本不是 UTF-8',
    1008: '违反服务器策略',
    1009: '消息过大',
    1011: '服务器出错',
    1013: '请稍后再试',
  },
  joined: (name, here) => `${name} 进来了，现有 ${here} 人。`,
  left: (name, here) => `${name} 离开了，现有 ${here} 人。`,
  bytes: (n) => `[${n} 字节]`,
  figures: '实时数据',
  stats: {
    open: '当前会话',
    opened: '累计会话',
    messages_in: '收到消息',
    messages_out: '发出消息',
    bytes_in: '收到字节',
    bytes_out: '发出字节',
    queued: '等待发送的字节',
    refused: '拒绝',
    ended: '结束',
  },
  stale: '没有数据：服务器没有应答。',
};

// wordsFor returns the words for a language: "zh-CN" to a browser, "zh_CN" to WeChat.
export function wordsFor(language) {
  return /^zh(?![a-z])/i.test(language || '') ? zh : en;
}

// stateText says a link's state, with the detail that the link told.
export function stateText(words, state, detail) {
  if (state === 'waiting') return words.waiting(Math.ceil(detail / 1000));
  return state === 'failed' && detail ? `${words.failed} ${detail}` : words[state];
}

// roomPath returns where a room is. No path leads to one without a name, and a URL takes
// "." and ".." for ways to another place, encoded or not.
export function roomPath(words, room) {
  if (['', '.', '..'].includes(room)) throw new Error(words.nameless);
  return `rooms/${encodeURIComponent(room)}`;
}

// closedText says how a socket ended: the server's own reason when it gave one.
export function closedText(words, code, reason) {
  return words.closed(code, reason || words.codes[code] || '');
}

// messageText returns what to show for a message: the chat room's are JSON, see room.go.
// note is set for what is said about the room and not in it.
export function messageText(words, data, inRoom) {
  if (typeof data !== 'string') return { text: words.bytes(data.byteLength) };
  if (!inRoom) return { text: data };
  const event = JSON.parse(data);
  if (event.does === 'joined' || event.does === 'left') {
    return { text: words[event.does](event.from, event.here), note: true };
  }
  return { text: event.says, from: event.from };
}

// clock returns the time of day, to the second.
export function clock(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
}
