// What is said about connections and messages, in the words of a language.
import { chinese } from './chinese.js';
import { english } from './english.js';

// wordsFor returns the words for a language: "zh-CN" to a browser, "zh_CN" to WeChat.
export function wordsFor(language) {
  return /^zh(?![a-z])/i.test(language || '') ? chinese : english;
}

// tagOf returns the language that words are in, as HTML wants it.
export function tagOf(words) {
  return words === chinese ? 'zh-CN' : 'en';
}

// reasonText puts a reason of ours into words; others, a server's own, are as they are.
export function reasonText(words, reason) {
  return words.reasons[reason] || reason;
}

// stateText says a link's state, with the reason that a failure has.
export function stateText(words, state, reason) {
  return state === 'failed' && reason ? `${words.failed} ${reasonText(words, reason)}` : words[state];
}

// closedText says how a socket ended: the server's own reason when it gave one.
export function closedText(words, code, reason) {
  return words.closed(code, reason ? reasonText(words, reason) : words.codes[code] || '').replace(/: $|：$/, '');
}

// nameText returns a member's name: guests are called by a number.
export function nameText(words, name) {
  const [, number] = /^guest-(\d+)$/.exec(name) || [];
  return number ? words.guest(number) : name;
}

// noteText says what has happened in a room, or '' for an event that is somebody's words.
export function noteText(words, event) {
  if (event.reset) return words.missed;
  if (event.entered) return words.entered(nameText(words, event.entered), event.here);
  return ['joined', 'left']
    .filter((does) => event[does] && event[does].length > 0)
    .map((does) => words[does](event[does].map((name) => nameText(words, name)).join(words.comma), event.here))
    .join(' ');
}

// saysText returns the text of a message, of which no more than the first letters.
export function saysText(words, data, most) {
  if (typeof data !== 'string') return words.bytes(data.byteLength);
  if (data.length <= most) return data;
  // Not between the halves of a letter beyond U+FFFF.
  const end = /[\ud800-\udbff]/.test(data[most - 1]) ? most - 1 : most;
  return data.slice(0, end) + words.cut(data.length);
}

// progressText says what has become of a message of ours, see outbox.js.
export function progressText(words, message) {
  switch (message.state) {
    case 'waiting':
      return message.doubtful ? words.doubtful : words.waits;
    case 'sending':
      return words.sending;
    case 'delivered':
      return words.delivered(Math.round(message.ms) || '<1');
    case 'refused':
      return words.refusedMessage(words.codes[message.code]);
    default:
      return words.failedMessage;
  }
}

// clock returns the time of day, to the second.
export function clock(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
}
