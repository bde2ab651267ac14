/** Findings of the AWS Solutions rules that we accept, each with its reason. Any other finding stops the synthesis. */

export interface Acknowledgement {
  /** The whole finding: the rule, and for some rules its subject, as in `AwsSolutions-IAM5[Resource::*]`. */
  readonly finding: RegExp;
  /** The full path of the construct below its stack. */
  readonly at: RegExp;
  readonly reason: string;
}

export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    finding: /^AwsSolutions-SMG4$/,
    at: /^Default\/Connection\/Resource$/,
    reason:
      "An Intercom token neither expires nor refreshes. A new one needs a person's consent, which the connect command asks for.",
  },
  {
    finding: /^AwsSolutions-SMG4$/,
    at: /^Default\/HashKey\/Resource$/,
    reason:
      'A new key gives the same values new hashes, so older and newer rows can no longer be joined. Rotation is up to the user (docs/privacy.md).',
  },
  {
    finding: /^AwsSolutions-SMG4$/,
    at: /^Default\/OAuthClient\/Resource$/,
    reason:
      'Intercom issues the client id and secret, and the user fills them in. Nothing here could make new ones.',
  },
  {
    finding: /^AwsSolutions-APIG4$/,
    at: /^Default\/Api\/ANY--callback\/Resource$/,
    reason:
      'A browser that returns from Intercom has no AWS credentials. The single-use state in its address, made by the connect command, authorizes it.',
  },
  {
    finding:
      /^AwsSolutions-IAM5\[Resource::.*(Lake\w+|s3:::[a-z0-9.-]+(\/[\w.-]+)*)\/(tables|manifests|evidence|erasures|work|runs)\/[a-z_*./-]+\]$/,
    at: /^(Extractors\/\w+|StartRun|RecordFailure|FinishRun)\/Role\/DefaultPolicy\/Resource$/,
    reason:
      'Keys that belong to this function or to the run. Parts of their names are only known at run time.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::arn:.*:table\/.*\/\w+_\*\]$/,
    at: /^Extractors\/\w+\/Role\/DefaultPolicy\/Resource$/,
    reason: "The files and views of the object's own tables. No name of another table begins like that.",
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    at: /^Workflow\/StateMachine\/Role\/DefaultPolicy\/Resource$/,
    reason: 'Log delivery for state machines and X-Ray have no resources that a policy could name.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::arn:.*:execution:<WorkflowStateMachine\w+\.Name>:\*\]$/,
    at: /^Workflow\/AskForExecutions\/Resource$/,
    reason:
      'Asks whether the holder of a lease is still running. The executions of the one state machine get their names when they start.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    at: /^(Default\/Callback|Extractors\/\w+|StartRun|RecordFailure|FinishRun)\/Role\/DefaultPolicy\/Resource$/,
    reason:
      'Lambda makes network interfaces in a VPC with the rights of the function, and EC2 knows no narrower resource for that.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::.*\/\*\]$/,
    at: /^Reader\/Role\/DefaultPolicy\/Resource$/,
    reason:
      'The role is for reading all tables of the pipeline and for writing the results of queries, under names that Athena makes.',
  },
  {
    finding: /^AwsSolutions-SQS3$/,
    at: /^Schedules\/DeadLetters\/Resource$/,
    reason:
      'This is a dead-letter queue of EventBridge Scheduler. The rule only knows those of other queues.',
  },
];
