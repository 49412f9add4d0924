import { tagOf, wordsFor } from './shared/words.js';
import { keep, kept } from './store.js';

const followers = [];

// words are those that the page is in. They change with the switch in its header.
export let words = wordsFor(kept('language') || navigator.language);

// speak calls f now, and again whenever the language has changed.
export function speak(f) {
  followers.push(f);
  f();
}

speak(() => {
  document.documentElement.lang = tagOf(words);
  for (const el of document.querySelectorAll('[data-word]')) el.textContent = words[el.dataset.word];
  for (const el of document.querySelectorAll('[data-label]')) el.setAttribute('aria-label', words[el.dataset.label]);
  for (const el of document.querySelectorAll('[data-hint]')) el.placeholder = words[el.dataset.hint];
});

const button = document.getElementById('language');

function other() {
  return wordsFor(tagOf(words) === 'en' ? 'zh' : 'en');
}

button.addEventListener('click', () => {
  words = other();
  keep('language', tagOf(words));
  followers.forEach((f) => f());
});
speak(() => (button.lang = tagOf(other())));
