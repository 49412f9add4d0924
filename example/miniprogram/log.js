// The rows of the conversation, in a mini program's data. setData copies what it is given
// from one thread to another, and WeChat allows it 1 MB, so each change is told by its path:
// a row that is new, or what has become of one.

// The rows are in blocks, since no path takes the first out of a list: an old block is emptied.
const BLOCK = 50;
const BLOCKS = 5;

// createLog returns { add, change }. set is the page's setData, whose data.log is
// the list of blocks.
export function createLog(set) {
  let rows = 0; // ever

  const place = (n) => [Math.floor(n / BLOCK), n % BLOCK];
  const gone = (n) => place(n)[0] <= place(rows - 1)[0] - BLOCKS;

  return {
    // add adds a row and returns its number.
    add(row) {
      const [block, i] = place(rows);
      set({
        ...(i === 0 && { [`log[${block}]`]: [] }),
        ...(i === 0 && block >= BLOCKS && { [`log[${block - BLOCKS}]`]: [] }),
        [`log[${block}][${i}]`]: { ...row, id: rows },
        last: `row-${rows}`,
      });
      return rows++;
    },

    // change changes some of a row's values, if it is still there.
    change(n, values) {
      if (gone(n)) return;
      const [block, i] = place(n);
      set(Object.fromEntries(Object.entries(values).map(([key, value]) => [`log[${block}][${i}].${key}`, value])));
    },
  };
}
