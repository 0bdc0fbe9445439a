import { readFileSync } from 'node:fs';

/** test-tally.ts STATUS REPORT...: the last line of a test run. Pending tests count as failed: they count as not there. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

const [status, ...files] = process.argv.slice(2);
const reports = files.map(file => JSON.parse(readFileSync(file, 'utf8')) as Report);
const passed = reports.reduce((sum, report) => sum + report.numPassedTests, 0);
const failed = reports.reduce(
  (sum, report) => sum + report.numFailedTests + report.numPendingTests + report.numRuntimeErrorTestSuites,
  0,
);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = status === '0' && failed === 0 && passed > 0 ? 0 : 1;
