const Sequencer = require('@jest/test-sequencer').default;

/** Fast before slow, and the search for leftovers after everything else. */
const rank = path => ['/integration/', '/e2e/', 'nothing-left'].findLastIndex(part => path.includes(part));

module.exports = class LabOrder extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a.path) - rank(b.path) || a.path.localeCompare(b.path));
  }
};
