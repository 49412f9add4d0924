import { speak, words } from './language.js';

// colours are those of the icon in the states that it tells. The icon is in the page itself: when
// the connection is lost, no server may be there to serve another.
const colours = { open: '#0b6e60', waiting: '#96520a', failed: '#96520a' };

function iconOf(state, unread) {
  const dot = unread ? '<circle cx="25" cy="7" r="6" fill="#e0432f" stroke="#fff" stroke-width="2"/>' : '';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${colours[state] || '#6b7570'}"/><path d="M7 13h14l-4-4m8 10H11l4 4" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/>${dot}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

// createBadge has the tab say what the connection does, and how much has come while nobody
// looked.
export function createBadge() {
  const icon = document.querySelector('link[rel=icon]');
  let state = 'off';
  let unread = 0;

  function show() {
    document.title = `${unread ? `(${unread}) ` : ''}wsecho · ${words[state].replace(/[.。]$/, '')}`;
    icon.href = iconOf(state, unread);
  }

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) unread = 0;
    show();
  });
  speak(show);

  return {
    state(now) {
      state = now;
      show();
    },
    heard() {
      if (document.hidden) unread++;
      show();
    },
  };
}
