/** Counts tests over several runners. */

/** @typedef {{ passed: number, failed: number }} Count */

/**
 * A runner that failed without a failed test (a file that does not load, a crash) counts as one failure.
 * @param {Count | undefined} count what the runner reported, if it came that far
 * @param {number} code its exit code
 * @returns {Count}
 */
export function settle(count, code) {
  const { passed, failed } = count ?? { passed: 0, failed: 0 };
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/**
 * @param {readonly Count[]} counts
 * @returns {Count}
 */
export function add(counts) {
  return {
    passed: counts.reduce((sum, count) => sum + count.passed, 0),
    failed: counts.reduce((sum, count) => sum + count.failed, 0),
  };
}
