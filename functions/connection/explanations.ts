/** Each outcome in words, for the callback page and for a terminal: what happened, and what to do next. */
import type { AuthorizationOutcome, Workspace } from '../core/authorization.ts';
import { AUTHORIZATION_SECONDS } from './begin-authorization.ts';
import { regionNamed } from './regions.ts';

export interface Explanation {
  /** `failed`: nothing was connected, and somebody has to fix something. */
  readonly tone: 'done' | 'refused' | 'failed';
  readonly title: string;
  /** Plain text; anything to type or look up is between backticks. */
  readonly happened: string;
  /** One step per entry, the most likely one first. */
  readonly next: readonly string[];
}

const CONNECT = '`npm run pipeline -- connect`';
const AGAIN = `Run ${CONNECT} again and open the address it prints.`;
const COMPARE =
  "Compare `client_id` and `client_secret` in the pipeline's OAuth client secret (the output `OAuthClientSecretArn`) with the app in Intercom's Developer Hub.";
const MINUTES = AUTHORIZATION_SECONDS / 60;

const LONGEST_NAME = 80;

/** Customers choose these names: shortened, on one line, without control characters or backticks. */
const plain = (text: string): string =>
  [...text.replaceAll(/[\p{C}\p{Z}`]+/gu, ' ').trim()].slice(0, LONGEST_NAME).join('');

/** `workspace “Name” (id)`, for a page or a terminal. */
export const nameOf = ({ id, name }: Workspace): string =>
  name === null ? `workspace ${plain(id)}` : `workspace “${plain(name)}” (${plain(id)})`;

export function explain(outcome: AuthorizationOutcome): Explanation {
  switch (outcome.kind) {
    case 'connected':
      return {
        tone: 'done',
        title: 'Connected',
        happened: `The pipeline is connected to the Intercom ${nameOf(outcome.workspace)}.`,
        next: [
          'You can close this window.',
          'Runs start on schedule. To start one now: `npm run pipeline -- run`.',
        ],
      };
    case 'reconnected':
      return {
        tone: 'done',
        title: 'Connected again',
        happened: `The pipeline has a new token for the Intercom ${nameOf(outcome.workspace)}. The next run uses it; you do not need to deploy.`,
        next: ['You can close this window.'],
      };
    case 'replaced':
      return {
        tone: 'done',
        title: 'Connected to another workspace',
        happened: `The pipeline now belongs to the Intercom ${nameOf(outcome.workspace)}. The data of the previous workspace stays in the bucket.`,
        next: [
          `Go back to the terminal: ${CONNECT} finishes the change there. If it no longer runs, start \`npm run pipeline -- connect --replace-workspace\` again. No run can start before.`,
          'Then you can close this window.',
        ],
      };
    case 'denied':
      return {
        tone: 'refused',
        title: 'Not authorized',
        happened: 'Access was declined at Intercom. Nothing was stored, and nothing has changed.',
        next: [`If you did not mean to decline, run ${CONNECT} again and authorize the app.`],
      };
    case 'no_state':
    case 'bad_state':
    case 'no_code':
    case 'bad_code':
    case 'repeated_parameter':
    case 'too_long':
      return {
        tone: 'refused',
        title: 'This address is not valid',
        happened:
          'It is not one that Intercom sends. Perhaps it was cut off or changed on the way. Nothing was stored.',
        next: [AGAIN],
      };
    case 'unknown_state':
    case 'expired_state':
      return {
        tone: 'refused',
        title: 'This authorization has expired',
        happened: `An authorization works for ${MINUTES} minutes. This one is older, or this pipeline did not begin it. Nothing was stored.`,
        next: [AGAIN],
      };
    case 'used_state':
      return {
        tone: 'refused',
        title: 'Already used',
        happened:
          'Each authorization works once, and this one has been used. Reloading the page has this effect. Nothing has changed.',
        next: [
          'If the page said “Connected” the first time, all is well. To make sure: `npm run pipeline -- check`.',
          `Otherwise run ${CONNECT} again and open the address it prints.`,
        ],
      };
    case 'code_refused':
      return {
        tone: 'failed',
        title: 'Intercom did not accept the code',
        happened:
          'A code works once, for a few minutes. A wrong client secret can cause the same answer. Nothing was stored.',
        next: [AGAIN, `If that does not help: ${COMPARE.charAt(0).toLowerCase()}${COMPARE.slice(1)}`],
      };
    case 'client_missing':
      return {
        tone: 'failed',
        title: 'Client id and secret are missing',
        happened:
          "The pipeline's OAuth client secret has no `client_id` and `client_secret`, so it could not ask for a token.",
        next: [
          "Copy both values from your app's page in Intercom's Developer Hub into the secret named by the output `OAuthClientSecretArn`.",
          `Then run ${CONNECT} again.`,
        ],
      };
    case 'client_refused':
      return {
        tone: 'failed',
        title: 'Intercom does not know this app',
        happened: "It refused the pipeline's client id or client secret. Nothing was stored.",
        next: [COMPARE, `Then run ${CONNECT} again.`],
      };
    case 'other_workspace':
      return {
        tone: 'refused',
        title: 'Another workspace',
        happened: `You authorized the app for the ${nameOf(outcome.workspace)}, but this pipeline holds the data of workspace ${plain(outcome.expected)}. The pipeline never mixes two workspaces, so nothing was stored.`,
        next: [
          `For workspace ${plain(outcome.expected)}: switch to it at Intercom, then run ${CONNECT} again.`,
          'For the one you authorized: use a separate pipeline, which is better, or run `npm run pipeline -- connect --replace-workspace`.',
          'The app is now installed in the workspace you authorized. Remove it there if you do not need it.',
        ],
      };
    case 'region_mismatch':
      return {
        tone: 'refused',
        title: 'Another region',
        happened: `The ${nameOf(outcome.workspace)} is in Intercom's region “${plain(outcome.region)}”, but the pipeline is configured for ${outcome.expected}. Nothing was stored.`,
        next: [
          `If this is the right workspace: set \`region: '${regionNamed(outcome.region) ?? plain(outcome.region)}'\` in \`pipeline.config.ts\`, deploy, and run ${CONNECT} again.`,
          `Otherwise switch to the right workspace at Intercom, then run ${CONNECT} again.`,
        ],
      };
    case 'intercom_unreachable':
      return {
        tone: 'failed',
        title: 'Intercom did not answer',
        happened:
          'Intercom could not be reached or has a problem. A code works only once, so this authorization is used up. Nothing was stored.',
        next: [`Wait a few minutes, then run ${CONNECT} again.`],
      };
    case 'token_refused':
      return {
        tone: 'failed',
        title: 'Intercom does not accept the token',
        happened:
          'Intercom refused the token when the pipeline asked which workspace it belongs to. The token was not stored.',
        next: [
          'Check that `region` in `pipeline.config.ts` is the region of your workspace.',
          `Then run ${CONNECT} again.`,
        ],
      };
    case 'permission_missing':
      return {
        tone: 'failed',
        title: 'A permission is missing',
        happened:
          'The app is not allowed to ask which workspace it is connected to. The token was not stored.',
        next: ["Tick “Read admins” for the app in Intercom's Developer Hub.", `Then run ${CONNECT} again.`],
      };
    case 'unexpected_answer':
      return {
        tone: 'failed',
        title: 'Intercom answered something unexpected',
        happened: 'The answer does not match what Intercom documents, so nothing was stored.',
        next: [
          'Check `region` and `baseUrl` in `pipeline.config.ts`.',
          `Then run ${CONNECT} again. If it happens again, report it.`,
        ],
      };
    case 'not_stored':
      return {
        tone: 'failed',
        title: 'The token could not be stored',
        happened:
          'You authorized the app, but AWS did not let the pipeline write its connection secret. The token was discarded.',
        next: [
          "The reason is in the log of the pipeline's callback function.",
          `Once that is fixed, run ${CONNECT} again.`,
        ],
      };
  }
}
