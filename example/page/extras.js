import { reasonText } from './shared/words.js';
import { speak, words } from './language.js';

const $ = (id) => document.getElementById(id);

// samples make the messages that nobody wants to write. The service takes 1 MiB, and a room
// 16 KiB of text.
const samples = {
  binary: () => crypto.getRandomValues(new Uint8Array(16)).buffer,
  large: () => 'wsecho '.repeat(1e5 / 7),
  huge: () => 'wsecho '.repeat(2e6 / 7),
};

// createExtras offers what a developer wants to see a WebSocket do: samples, and close codes.
export function createExtras(say, close) {
  for (const name of Object.keys(samples)) $('sample').add(new Option(name, name));
  speak(() => {
    for (const option of $('sample').options) option.textContent = words.samples[option.value];
    $('code-error').textContent = '';
  });

  $('send-sample').addEventListener('click', () => say(samples[$('sample').value]()));
  $('code').addEventListener('input', () => complain(''));
  $('close').addEventListener('click', () => {
    const code = Number($('code').value);
    // What a script may say (https://websockets.spec.whatwg.org, close).
    if (code === 1000 || (Number.isInteger(code) && code >= 3000 && code <= 4999)) {
      close(code);
    } else {
      complain('badCode');
      $('code').focus();
    }
  });

  function complain(reason) {
    $('code-error').textContent = reason && reasonText(words, reason);
    if (reason) $('code').setAttribute('aria-invalid', 'true');
    else $('code').removeAttribute('aria-invalid');
  }
}
