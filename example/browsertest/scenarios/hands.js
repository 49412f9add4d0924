// What a reader of the page does, and sees.
const $ = (id) => document.getElementById(id);
const rows = (kind) => [...document.querySelectorAll(`#talk li.${kind}`)];
const texts = (kind) => rows(kind).map((li) => li.querySelector('p').textContent);
const small = (li) => li.querySelector('small').textContent;
const state = () => $('state').dataset.state;
const report = () => `\nstate ${state()}: ${$('state').textContent}\n${[...document.querySelectorAll('#talk li')].map((li) => `${li.className} ${li.dataset.state || ''}: ${li.textContent.slice(0, 100)}`).join('\n')}`;
const real = setTimeout;

async function until(condition) {
  for (const deadline = Date.now() + 20000; !(await condition()); ) {
    if (Date.now() > deadline) throw new Error(`not so in time: ${condition}`);
    await new Promise((resolve) => real(resolve, 10));
  }
}
function is(got, want) {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}
function press(key, more = {}) {
  $('message').dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
}
function say(text) {
  $('message').focus();
  $('message').value = text;
  $('message').dispatchEvent(new InputEvent('input', { bubbles: true }));
  press('Enter');
}
function choose(field, value) {
  $(field).focus();
  $(field).value = value;
  $(field).dispatchEvent(new Event('change', { bubbles: true }));
}
async function connect() {
  $('connect').click();
  await until(() => state() === 'open');
}
// hurry has the page's time pass faster.
function hurry(times) {
  window.setTimeout = (f, ms) => real(f, ms / times);
}
const ask = (path) => fetch(path, { method: 'POST' });

await until(() => document.documentElement.dataset.ready === '');
