import { clock } from './shared/words.js';

// The page shows this many messages, and forgets the oldest beyond them.
const LONGEST = 500;

// createTalk shows the conversation: what was sent and received, notes about the
// connection, and below them the messages that wait.
export function createTalk(words) {
  const talk = document.getElementById('talk');
  const empty = document.getElementById('empty');
  const log = document.getElementById('log');
  const queue = document.getElementById('queue');

  function row(kind, text, small) {
    const li = document.createElement('li');
    li.className = kind;
    const p = document.createElement('p');
    p.textContent = text;
    li.append(p, small);
    return li;
  }

  // The newest message stays in sight, unless the reader has scrolled up to older ones.
  let following = true;
  const follow = () => following && (talk.scrollTop = talk.scrollHeight);
  talk.addEventListener('scroll', () => {
    following = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 40;
  });
  new ResizeObserver(follow).observe(talk); // a phone's keyboard comes up, the panel opens

  function changed() {
    empty.hidden = log.children.length + queue.children.length > 0;
    follow();
  }

  return {
    // add logs one message; kind is sent, received or note.
    add(kind, text, from) {
      const small = document.createElement('small');
      const time = document.createElement('time');
      const now = new Date();
      time.dateTime = now.toISOString();
      time.textContent = clock(now);
      if (kind !== 'note') {
        // Colour and side say this to the eye; a screen reader needs the word.
        const word = document.createElement('span');
        word.className = from ? '' : 'unseen';
        word.textContent = (from || words[kind]) + ' ';
        small.append(word);
      }
      small.append(time);
      log.append(row(kind, text, small));
      while (log.children.length > LONGEST) log.firstChild.remove();
      changed();
    },

    showQueue(messages) {
      // It grows at its end and shrinks from its start: only that is touched, so that a
      // screen reader does not hear the whole of it again.
      while (queue.children.length > messages.length) queue.firstChild.remove();
      for (const text of messages.slice(queue.children.length)) {
        const small = document.createElement('small');
        small.textContent = words.waits;
        queue.append(row('waits', text, small));
      }
      changed();
    },
  };
}
