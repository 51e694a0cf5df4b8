/**
 * `routing-controllers-oauth2/testing`: an application under test with real tokens, acting as somebody at an instance that
 * exists, and fakes for unit tests. It works only where tests are run.
 */
export { accessMatrix, Matrix, type MatrixOptions } from '../testing/access-matrix.js';
export { actingAs, type TestHeaders } from '../testing/acting-as.js';
export type { Caller, CallerDetails, CallerScopes, ClientCaller } from '../testing/caller.js';
export type { Challenge } from '../testing/challenges.js';
export type { Denial } from '../testing/denial.js';
export type { ExpectedDenial } from '../testing/denial-problems.js';
export { type FakeAccessOptions, fakeAccess, fakeAction } from '../testing/fake-access.js';
export type { FakeRequest } from '../testing/fake-context.js';
export type { MatrixCaller } from '../testing/matrix-caller.js';
export type { MatrixCell, MatrixRow } from '../testing/matrix-row.js';
export type { RecordedLog } from '../testing/recorded-log.js';
export type { Duration, TestClock } from '../testing/test-clock.js';
export { type TestApplication, testOAuth2 } from '../testing/test-oauth2.js';
export type { Served, TestOptions, TestSurroundings } from '../testing/test-options.js';
export type { RequestHeaders, TestRequest } from '../testing/test-request.js';
