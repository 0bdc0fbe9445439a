import { exitCodeOf, httpStatusOf, isErrorCode, LabError } from './error.ts';

test('an error keeps code, message and hint when it crosses a socket', () => {
  const sent = new LabError('busy', 'rockpro64-1 belongs to alice', { hint: 'wait' });
  const received = LabError.fromMessage(JSON.parse(JSON.stringify(sent.toMessage())));
  expect([received.code, received.message, received.hint]).toEqual(['busy', 'rockpro64-1 belongs to alice', 'wait']);
});

test('a bug tells where the log has more', () => {
  expect(LabError.fromMessage({ code: 'bug', message: 'oops', reference: 'a1' }).hint).toContain('a1');
});

test.each([
  ['usage', 2, 400],
  ['not-found', 3, 404],
  ['denied', 4, 403],
  ['busy', 5, 409],
  ['device', 6, 502],
  ['unreachable', 7, 503],
  ['timeout', 8, 504],
  ['bug', 70, 500],
] as const)('%s exits with %d and answers %d', (code, exit, status) => {
  expect([exitCodeOf(code), httpStatusOf(code)]).toEqual([exit, status]);
});

test('an unknown code is not an error code', () => {
  expect([isErrorCode('busy'), isErrorCode('toString')]).toEqual([true, false]);
});
