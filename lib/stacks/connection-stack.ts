import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import type { FunctionCode } from '../constructs/function-code.ts';
import { OAuthCallback } from '../constructs/oauth-callback.ts';
import type { Storage } from '../constructs/storage.ts';

export interface ConnectionStackProps extends StackProps {
  readonly config: ResolvedConfig;
  readonly code: FunctionCode;
  readonly storage: Storage;
}

/** How a pipeline comes by its token. */
export class ConnectionStack extends Stack {
  constructor(scope: Construct, id: string, props: ConnectionStackProps) {
    super(scope, id, props);
    const { config, code, storage } = props;
    // The id `Default` leaves no trace in the names of what is in it.
    const { url, client } = new OAuthCallback(this, 'Default', { pipelineName: config.name, code, storage });
    new CfnOutput(this, 'CallbackUrl', {
      value: url,
      description: "Redirect URL to register for the app in Intercom's Developer Hub",
    });
    new CfnOutput(this, 'OAuthClientSecretArn', {
      value: client.secretArn,
      description: 'Secret to fill with client_id and client_secret of your Intercom app',
    });
  }
}
