/**
 * A pipeline inside a CDK app of your own: in a stage, with a role of another stack that reads the data.
 * Try it with `npx cdk list --app 'node examples/platform.ts'`.
 */
import { App, Stack, Stage } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { IntercomPipeline } from '../lib/intercom-pipeline.ts';

const app = new App();

const production = new Stage(app, 'Production', { env: { account: '123456789012', region: 'eu-central-1' } });

const intercom = new IntercomPipeline(production, 'Intercom', {
  pipeline: {
    name: 'support',
    region: 'EU',
    objects: ['contacts', 'conversations', 'conversation_parts', 'tickets'],
    aws: { tags: { team: 'data' } },
  },
});

const reports = new Stack(production, 'Reports');
const role = new Role(reports, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
intercom.grantRead(role);

app.synth();
