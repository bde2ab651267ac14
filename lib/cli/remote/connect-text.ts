/** What `connect` says to the person who does its steps. Pure. */
import type { Explanation } from '../../../functions/connection/explanations.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { tableText } from '../terminal/table-text.ts';
import type { DeployedPipeline } from './deployment.ts';
import { boxesFor } from './permissions.ts';

/** Bare text: backticks are for pages and markdown. */
const bare = (text: string): string => text.replaceAll(/`([^`]*)`/g, "'$1'");

/** What came of an attempt, and what to do next. */
export const explanationText = ({ happened, next }: Explanation): string =>
  [bare(happened), ...next.map((step) => `- ${bare(step)}`)].join('\n');

/** First two steps: the app at Intercom, its redirect URL and its permissions. */
export function appSteps({ callbackUrl }: DeployedPipeline, objects: readonly ObjectName[]): string {
  const rows = [...boxesFor(objects)].map(([box, names]) => [`     ${box}`, names.join(', ')]);
  const boxes = tableText([['     permission', 'for'], ...rows]);
  return `1. Your app in Intercom's Developer Hub (https://app.intercom.com/a/apps/_/developer-hub; make one if there is none).
   Under Configure > Authentication tick "Use OAuth" and add this redirect URL, exactly so:

     ${callbackUrl}

2. Under Configure > Permissions tick:

${boxes}`;
}

/** The console of the account and region where the secret lies. */
const consoleUrl = ({ region, oauthClientSecret }: DeployedPipeline): string => {
  const url = new URL(`https://${region}.console.aws.amazon.com/secretsmanager/secret`);
  url.searchParams.set('name', oauthClientSecret);
  url.searchParams.set('region', region);
  return url.href;
};

/** Third step: the app's client id and secret, by hand. */
export function secretStep(deployed: DeployedPipeline, profile: string): string {
  const { region, oauthClientSecret } = deployed;
  return `3. The app's client id and client secret (Configure > Basic information) go into a secret of the pipeline:

     {"client_id":"…","client_secret":"…"}

   Put that into a file client.json and run this, or paste it in the console:

     aws secretsmanager put-secret-value --secret-id ${oauthClientSecret} --secret-string file://client.json --region ${region}${profile}
     ${consoleUrl(deployed)}`;
}

/** Told before another workspace takes the place of the present one. */
export const REPLACE_WARNING = `Another workspace will take the place of the present one in this pipeline:
- Rows of the old workspace stay in the tables, and views show them beside those of the new one.
- Every object is read from the beginning again.
A pipeline of its own keeps the two apart: add a second configuration with another 'name' to the configuration
file, deploy it, and connect that one. It is what we recommend.`;
