/** Every outcome in words, for the page of the callback and for a terminal: what happened, and what to do next. */
import type { AuthorizationOutcome, Workspace } from '../core/authorization.ts';
import { AUTHORIZATION_SECONDS } from './begin-authorization.ts';
import { regionNamed } from './regions.ts';

export interface Explanation {
  /** `failed`: nothing was connected, and somebody has to do something about it. */
  readonly tone: 'done' | 'refused' | 'failed';
  readonly title: string;
  /** Plain text; what is typed or looked up stands between backticks. */
  readonly happened: string;
  /** One step each, the likely one first. */
  readonly next: readonly string[];
}

const CONNECT = '`npm run pipeline -- connect`';
const AGAIN = `Run ${CONNECT} again and open the address it prints.`;
const COMPARE =
  "Compare `client_id` and `client_secret` in the pipeline's OAuth client secret (the output `OAuthClientSecretArn`) with the app in Intercom's Developer Hub.";
const MINUTES = AUTHORIZATION_SECONDS / 60;

const LONGEST_NAME = 80;

/** Names are the customer's: cut, on one line, without what a terminal or these texts would take for a sign. */
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
          'The schedule does the rest; `npm run pipeline -- run` starts a run at once.',
        ],
      };
    case 'reconnected':
      return {
        tone: 'done',
        title: 'Connected again',
        happened: `The pipeline has a new token for the Intercom ${nameOf(outcome.workspace)}. It is in use from the next run on; nothing has to be deployed.`,
        next: ['You can close this window.'],
      };
    case 'replaced':
      return {
        tone: 'done',
        title: 'Connected to another workspace',
        happened: `The pipeline now belongs to the Intercom ${nameOf(outcome.workspace)}. Data of the workspace before stays in the bucket.`,
        next: [
          `Go back to the terminal: ${CONNECT} finishes the change there.`,
          'Then you can close this window.',
        ],
      };
    case 'denied':
      return {
        tone: 'refused',
        title: 'Not authorized',
        happened: 'Access was declined at Intercom. Nothing was stored, and nothing has changed.',
        next: [`If that was not meant, run ${CONNECT} again and authorize the app.`],
      };
    case 'no_state':
      return {
        tone: 'refused',
        title: 'This address is incomplete',
        happened:
          'It does not say which authorization it belongs to, so it was not made by this pipeline. Nothing has changed.',
        next: [AGAIN],
      };
    case 'bad_state':
      return {
        tone: 'refused',
        title: 'This address is not valid',
        happened:
          'What it says about its authorization was not made by this pipeline. Perhaps it was cut off or changed on the way. Nothing has changed.',
        next: [AGAIN],
      };
    case 'unknown_state':
      return {
        tone: 'refused',
        title: 'This authorization is not known',
        happened: 'This pipeline did not begin it, or it was days ago. Nothing has changed.',
        next: [AGAIN],
      };
    case 'used_state':
      return {
        tone: 'refused',
        title: 'Already used',
        happened:
          'Each authorization works once, and this one has been used. Loading the page a second time does this. Nothing has changed.',
        next: [
          'If the page said “Connected” the first time, all is well: `npm run pipeline -- check` tells.',
          `Otherwise run ${CONNECT} again and open the address it prints.`,
        ],
      };
    case 'expired_state':
      return {
        tone: 'refused',
        title: 'Too late',
        happened: `An authorization is good for ${MINUTES} minutes, and this one is older. Nothing was stored.`,
        next: [AGAIN],
      };
    case 'no_code':
      return {
        tone: 'refused',
        title: 'Intercom sent no code',
        happened:
          'Without a code there is no token to ask for. Perhaps the address was cut off on the way. Nothing was stored.',
        next: [AGAIN],
      };
    case 'bad_code':
      return {
        tone: 'refused',
        title: 'The code is damaged',
        happened:
          'The address holds something that cannot be a code of Intercom. Perhaps it was changed on the way. Nothing was stored.',
        next: [AGAIN],
      };
    case 'repeated_parameter':
      return {
        tone: 'refused',
        title: 'This address is not valid',
        happened: 'It says the same thing twice, which Intercom never does. Nothing has changed.',
        next: [AGAIN],
      };
    case 'too_long':
      return {
        tone: 'refused',
        title: 'This address is too long',
        happened: 'It is longer than any that Intercom sends, and was not read. Nothing has changed.',
        next: [AGAIN],
      };
    case 'code_refused':
      return {
        tone: 'failed',
        title: 'Intercom did not accept the code',
        happened:
          'A code works once and for a few minutes; a wrong client secret can look the same. Nothing was stored.',
        next: [AGAIN, `If that does not help: ${COMPARE.charAt(0).toLowerCase()}${COMPARE.slice(1)}`],
      };
    case 'client_missing':
      return {
        tone: 'failed',
        title: 'Client id and secret are missing',
        happened:
          "The pipeline's OAuth client secret holds no `client_id` and `client_secret`, so no token could be asked for.",
        next: [
          "Fill in the secret named by the output `OAuthClientSecretArn` with both values from your app's page in Intercom's Developer Hub.",
          `Then run ${CONNECT} again.`,
        ],
      };
    case 'client_refused':
      return {
        tone: 'failed',
        title: 'Intercom does not know this app',
        happened: 'It refused the client id or the client secret that the pipeline has. Nothing was stored.',
        next: [COMPARE, `Then run ${CONNECT} again.`],
      };
    case 'other_workspace':
      return {
        tone: 'refused',
        title: 'Another workspace',
        happened: `You authorized the app for the ${nameOf(outcome.workspace)}, but this pipeline holds the data of workspace ${plain(outcome.expected)}. Two workspaces are never mixed: nothing was stored.`,
        next: [
          `For workspace ${plain(outcome.expected)}: switch to it at Intercom, then run ${CONNECT} again.`,
          'For the one you authorized: `npm run pipeline -- connect --replace-workspace`, or better a pipeline of its own.',
          'The app is now installed there; remove it in that workspace if it is not needed.',
        ],
      };
    case 'region_mismatch':
      return {
        tone: 'refused',
        title: 'Another region',
        happened: `The ${nameOf(outcome.workspace)} lies in Intercom's region “${plain(outcome.region)}”, but the pipeline is configured for ${outcome.expected}. Nothing was stored.`,
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
          'Intercom could not be reached or has trouble. A code cannot be used a second time, so this authorization is spent. Nothing was stored.',
        next: [`Wait a few minutes, then run ${CONNECT} again.`],
      };
    case 'token_refused':
      return {
        tone: 'failed',
        title: 'Intercom does not accept the token',
        happened: 'Intercom refuses the token when asked whose it is. It was not stored.',
        next: [
          'Check that `region` in `pipeline.config.ts` is the region of your workspace.',
          `Then run ${CONNECT} again.`,
        ],
      };
    case 'permission_missing':
      return {
        tone: 'failed',
        title: 'A permission is missing',
        happened: 'The app may not ask which workspace it is connected to. The token was not stored.',
        next: ["Tick “Read admins” for the app in Intercom's Developer Hub.", `Then run ${CONNECT} again.`],
      };
    case 'unexpected_answer':
      return {
        tone: 'failed',
        title: 'Intercom answered something unexpected',
        happened: 'The answer was not the one Intercom documents, so nothing was stored.',
        next: [
          'Check `region` and `baseUrl` in `pipeline.config.ts`.',
          `Then run ${CONNECT} again; if it happens once more, report it.`,
        ],
      };
    case 'not_stored':
      return {
        tone: 'failed',
        title: 'The token could not be stored',
        happened:
          "You authorized the app, but AWS did not let the pipeline write its connection's secret. The token was thrown away.",
        next: [
          "The reason is in the log of the pipeline's callback function.",
          `When that is mended, run ${CONNECT} again.`,
        ],
      };
  }
}
