import { clock, nameText, progressText, saysText } from './shared/words.js';
import { copyText } from './clipboard.js';
import { speak, words } from './language.js';

// The page shows this many messages, and forgets the oldest beyond them; and of a message
// no more letters than this.
const LONGEST = 500;
const LETTERS = 3000;

const $ = (id) => document.getElementById(id);

// createTalk shows the conversation: what was sent and received, notes about the
// connection, and below them the messages that wait.
export function createTalk() {
  const talk = $('talk');
  const log = $('log');
  const queue = $('queue');
  const rows = new WeakMap(); // of our messages
  const renders = new WeakMap(); // what writes each row, in the language of the moment

  // The newest message stays in sight, unless the reader has scrolled up to older ones. Once
  // a frame is enough, as measuring makes the browser lay out the page.
  let following = true;
  let due = false;
  function follow() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      if (following && talk.classList.contains('begun')) talk.scrollTop = talk.scrollHeight;
    });
  }
  let top = 0;
  talk.addEventListener('scroll', () => {
    // The event comes a frame late: what was added meanwhile is no reader who scrolled up.
    const near = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 40;
    following = near || (following && talk.scrollTop >= top);
    top = talk.scrollTop;
  });
  new ResizeObserver(follow).observe(talk); // a phone's keyboard comes up, the panel opens

  function changed() {
    const none = !log.firstChild && !queue.firstChild;
    $('copy').hidden = $('clear').hidden = none;
    talk.classList.toggle('begun', !none);
    while (log.children.length > LONGEST) log.firstChild.remove();
    follow();
  }

  // row makes a row whose text is what says() returns, and below it what small() does.
  function row(kind, says, small) {
    const li = document.createElement('li');
    const p = document.createElement('p');
    const below = document.createElement('small');
    p.dir = 'auto';
    li.className = kind;
    li.append(p, below);
    renders.set(li, () => {
      p.textContent = says();
      below.replaceChildren(...small());
    });
    renders.get(li)();
    return li;
  }

  function timeOf(date) {
    const time = document.createElement('time');
    time.dateTime = date.toISOString();
    time.textContent = clock(date);
    return time;
  }

  // unseen is a word that colour and side say to the eye.
  function unseen(word) {
    const span = document.createElement('span');
    span.className = 'unseen';
    span.textContent = word + ' ';
    return span;
  }

  // place puts a message of ours in the log, or among those that wait, by its id.
  function place(li, message) {
    li.className = message.state === 'waiting' ? 'waits' : 'sent';
    li.dataset.id = message.id;
    if (message.state !== 'waiting') {
      if (li.parentNode !== log) log.append(li);
      return;
    }
    if (li.parentNode === queue) return;
    let after = queue.lastElementChild;
    while (after && Number(after.dataset.id) > message.id) after = after.previousElementSibling;
    if (after) after.after(li);
    else queue.prepend(li);
  }

  speak(() => {
    for (const li of [...log.children, ...queue.children]) renders.get(li)();
  });

  $('copy').addEventListener('click', async () => {
    const lines = [...log.children].map((li) => [li.querySelector('time').textContent, li.querySelector('.from, .unseen')?.textContent.trim(), li.querySelector('p').textContent]);
    if (!(await copyText(lines.map((line) => line.filter(Boolean).join('  ')).join('\n')))) return;
    $('copy').textContent = words.copied;
    setTimeout(() => ($('copy').textContent = words.copy), 2000);
  });
  $('clear').addEventListener('click', () => {
    log.replaceChildren();
    changed();
    $('message').focus();
  });

  return {
    // mine shows a message of ours: a new one, or what has become of it.
    mine(message) {
      let li = rows.get(message);
      if (!li) {
        li = row('', () => saysText(words, message.data, LETTERS), () => {
          const parts = message.state === 'waiting' ? [] : [unseen(words.sent), timeOf(message.date), ' · '];
          return [...parts, progressText(words, message)];
        });
        rows.set(message, li);
      }
      if (message.state === 'sending') message.date = new Date();
      li.dataset.state = message.doubtful ? 'doubtful' : message.state;
      renders.get(li)();
      place(li, message);
      changed();
    },

    // heard shows what somebody said; from is a member's name in a room, and date when it was.
    heard(data, from, date = new Date()) {
      log.append(row('received', () => saysText(words, data, LETTERS), () => {
        if (!from) return [unseen(words.received), timeOf(date)];
        const name = document.createElement('span');
        name.className = 'from';
        name.textContent = nameText(words, from);
        return [name, ' ', timeOf(date)];
      }));
      changed();
    },

    // note shows what has happened; says returns it in the words of the moment.
    note(says) {
      const now = new Date();
      log.append(row('note', says, () => [timeOf(now)]));
      changed();
    },
  };
}
