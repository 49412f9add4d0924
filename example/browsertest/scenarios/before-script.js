// Before its script has run, the page has words, and nothing on it does what it cannot do.
const html = await (await fetch('./')).text();
const page = new DOMParser().parseFromString(html, 'text/html');
for (const id of ['switch', 'connect', 'send', 'language', 'where', 'send-sample', 'close']) is([id, page.getElementById(id).disabled], [id, true]);
for (const el of page.querySelectorAll('[data-word]')) if (!el.textContent.trim()) throw new Error(`no word in ${el.outerHTML}`);
for (const el of page.querySelectorAll('[data-label]')) if (!el.getAttribute('aria-label')) throw new Error(`no name for ${el.outerHTML}`);
const { english } = await import('./shared/english.js');
for (const el of page.querySelectorAll('[data-word]')) is(el.textContent, english[el.dataset.word]);
is([$('switch').disabled, $('connect').disabled, $('close').disabled], [false, false, true]);
