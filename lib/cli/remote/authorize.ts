/** The OAuth half of `connect`: from the app at Intercom to a stored token. */
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import open from 'open';
import { createDynamoDbAuthorizationStore } from '../../../functions/aws/dynamodb-authorization-store.ts';
import { createSecretsOAuthClientSource } from '../../../functions/aws/secrets-oauth-client-source.ts';
import { type Begun, beginAuthorization } from '../../../functions/connection/begin-authorization.ts';
import type { AuthorizationOutcome, OAuthClient } from '../../../functions/core/authorization.ts';
import { InputError } from '../../../functions/core/errors.ts';
import type { AuthorizationStore, OAuthClientSource } from '../../../functions/core/ports.ts';
import { createIntercomAccess } from '../../../functions/intercom/oauth.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { appSteps, secretStep } from './connect-text.ts';
import { profileText, type RemotePipeline } from './remote-pipeline.ts';

export interface AuthorizeOptions {
  readonly profile?: string;
  /** False: does not open a browser. */
  readonly open?: boolean;
  readonly replaceWorkspace?: boolean;
  /** The command that starts over. */
  readonly again: string;
}

const SECRET_POLL_MS = 3_000;
/** It may take this long to find the person who can fill in the secret. */
const SECRET_PATIENCE_MS = 3_600_000;

const OUTCOME_POLL_MS = 1_500;
/** A callback that begins at the last second may take this long. */
const CALLBACK_MS = 30_000;

/** Asks for client id and secret and stores them; undefined if the person leaves one empty. */
async function askForClient(terminal: Terminal, pipeline: RemotePipeline): Promise<OAuthClient | undefined> {
  const clientId = (await terminal.ask('Client ID (leave empty to fill in the secret elsewhere):')).trim();
  if (clientId === '') return undefined;
  const clientSecret = (await terminal.askHidden('Client secret:')).trim();
  if (clientSecret === '') return undefined;
  const command = new PutSecretValueCommand({
    SecretId: pipeline.deployed.oauthClientSecret,
    SecretString: JSON.stringify({ client_id: clientId, client_secret: clientSecret }),
  });
  await pipeline.clients.secrets.send(command);
  terminal.tell('Stored.\n');
  return { clientId, clientSecret };
}

/** Waits until client id and secret are filled in. @throws InputError after an hour */
async function requireClient(
  terminal: Terminal,
  pipeline: RemotePipeline,
  clients: OAuthClientSource,
  options: AuthorizeOptions,
): Promise<void> {
  const { clock, signal } = terminal;
  if ((await clients.load()) !== null) {
    terminal.tell("3. The app's client id and client secret are already filled in.\n");
    return;
  }
  terminal.tell(secretStep(pipeline.deployed, profileText(options)));
  if (terminal.canAsk) {
    terminal.tell('\n   Or paste them here:');
    if ((await askForClient(terminal, pipeline)) !== undefined) return;
  }
  terminal.tell(
    '\nWaiting until the secret is filled in. You can stop with Ctrl-C and run the same command later.',
  );
  const until = clock.now() + SECRET_PATIENCE_MS;
  while ((await clients.load()) === null) {
    if (clock.now() > until) {
      throw new InputError(
        `The secret is still empty after an hour. Fill it in, then run: ${options.again}`,
        { code: 'client_missing' },
      );
    }
    await clock.sleep(SECRET_POLL_MS, signal);
  }
  terminal.tell('The secret is filled in.');
}

/** Shows the address, and opens it in a browser if asked to. */
async function showAddress(terminal: Terminal, { url, expiresAt }: Begun, opens: boolean): Promise<void> {
  const minutes = Math.round((expiresAt * 1000 - terminal.clock.now()) / 60_000);
  terminal.tell(
    `4. Within ${minutes} minutes, log in to Intercom as an admin of the workspace and authorize the app:\n\n     ${url}\n`,
  );
  if (!opens) return;
  // If no browser opens, there is the printed address.
  const browser = await open(url).catch(() => null);
  browser?.on('error', () => undefined);
}

/** The outcome of the authorization. @throws InputError if there is none in time */
async function waitForOutcome(
  terminal: Terminal,
  pipeline: RemotePipeline,
  authorizations: AuthorizationStore,
  { stateHash, expiresAt }: Begun,
  again: string,
): Promise<AuthorizationOutcome> {
  const { clock, signal } = terminal;
  terminal.tell('Waiting for the authorization.');
  for (;;) {
    const outcome = await authorizations.outcome(stateHash);
    if (outcome !== null) return outcome;
    if (clock.now() > expiresAt * 1000 + CALLBACK_MS) {
      throw new InputError(
        `Nobody authorized the app in time. Nothing has changed. If Intercom showed an error, compare the app's redirect URL with ${pipeline.deployed.callbackUrl}. Then start again: ${again}`,
        { code: 'authorization_expired' },
      );
    }
    await clock.sleep(OUTCOME_POLL_MS, signal);
  }
}

/** Guides a person through the authorization, step by step. */
export async function authorize(
  terminal: Terminal,
  pipeline: RemotePipeline,
  options: AuthorizeOptions,
): Promise<AuthorizationOutcome> {
  const { clients: aws, config, deployed } = pipeline;
  const clients = createSecretsOAuthClientSource(aws.secrets, deployed.oauthClientSecret);
  const authorizations = createDynamoDbAuthorizationStore(aws.dynamoDb, deployed.table);
  const { clock } = terminal;
  terminal.tell(`${appSteps(deployed, config.objects)}\n`);
  await requireClient(terminal, pipeline, clients, options);
  const begun = await beginAuthorization(
    { intercom: createIntercomAccess({ config, clock }), authorizations, clients, clock },
    { callbackUrl: deployed.callbackUrl, replaceWorkspace: options.replaceWorkspace === true },
  );
  await showAddress(terminal, begun, options.open !== false && terminal.canAsk);
  return waitForOutcome(terminal, pipeline, authorizations, begun, options.again);
}
