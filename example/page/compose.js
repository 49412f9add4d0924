const $ = (id) => document.getElementById(id);

// createCompose calls say with each message that is written. Enter sends, and Shift+Enter
// begins a line.
export function createCompose(say) {
  const box = $('message');

  // fit gives the box the lines that it has. Measuring makes the browser lay out the page, so
  // what is empty is not measured.
  function fit() {
    box.style.height = box.value === '' ? '' : 'auto';
    if (box.value === '') return;
    box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`; // page.css has the most
  }

  box.addEventListener('input', fit);
  box.addEventListener('keydown', (event) => {
    // An Enter that picks a candidate of an input method sends nothing; Safari reports that
    // one after the composition has ended, with code 229.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    $('compose').requestSubmit();
  });
  $('compose').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = box.value;
    if (document.activeElement !== box) box.focus();
    if (text === '') return;
    box.value = '';
    fit();
    say(text);
  });
}
