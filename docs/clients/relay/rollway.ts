/** Rollway with Relay's runtime; a page uses the same documents with the hooks of react-relay. */

import { commitMutation, fetchQuery, graphql, requestSubscription } from 'relay-runtime';
import { waitForFragmentData } from 'relay-runtime/experimental';

import { Refused, type Rollway } from '../rollway';
import type { Subscribe } from '../transport/resuming';
import type { rollwayDeployMutation } from './__generated__/rollwayDeployMutation.graphql';
import type { rollwaySignInMutation } from './__generated__/rollwaySignInMutation.graphql';
import type { rollwayTasks_application$key } from './__generated__/rollwayTasks_application.graphql';
import TasksPageQuery, {
  type rollwayTasksPageQuery,
} from './__generated__/rollwayTasksPageQuery.graphql';
import type { rollwayTasksQuery } from './__generated__/rollwayTasksQuery.graphql';
import type { rollwayWatchSubscription } from './__generated__/rollwayWatchSubscription.graphql';
import { environmentOf } from './environment';

const signInMutation = graphql`
  mutation rollwaySignInMutation($input: SignInInput!) {
    signIn(input: $input) {
      __typename
      ... on SignInPayload {
        token
      }
      ... on Problem {
        code
        message
      }
    }
  }
`;

const tasksQuery = graphql`
  query rollwayTasksQuery($id: ID!, $first: Int!) {
    application(id: $id) {
      ...rollwayTasks_application @arguments(first: $first)
    }
  }
`;

// With react-relay: usePaginationFragment(tasksFragment, application).
const tasksFragment = graphql`
  fragment rollwayTasks_application on Application
  @refetchable(queryName: "rollwayTasksPageQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" }) {
    tasks(first: $first, after: $after) @connection(key: "rollwayTasks_tasks") {
      edges {
        node {
          id
          status
          createdTime
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`;

const deployMutation = graphql`
  mutation rollwayDeployMutation($input: DeployInput!) {
    deploy(input: $input) {
      __typename
      ... on DeployPayload {
        task {
          id
          status
        }
      }
      ... on Problem {
        code
        message
        field
      }
      ... on InvalidProblem {
        issues {
          field
          message
        }
      }
    }
  }
`;

const watchSubscription = graphql`
  subscription rollwayWatchSubscription($taskId: ID!, $after: Int!) {
    taskEvents(taskId: $taskId, after: $after) {
      __typename
      seq
      ... on StepStatusChanged {
        stepIndex
        name
        stepStatus: status
      }
      ... on StepOutput {
        text
      }
      ... on TaskStatusChanged {
        status
      }
      ... on StreamEnd {
        status
      }
    }
  }
`;

export function relayRollway(
  url: string,
  subscribeWith: (token: () => string | undefined) => Subscribe,
): Rollway {
  let token: string | undefined;
  const environment = environmentOf(url, () => token, subscribeWith(() => token));

  return {
    async signIn(login, password) {
      const { signIn } = await new Promise<rollwaySignInMutation['response']>((resolve, reject) => {
        commitMutation<rollwaySignInMutation>(environment, {
          mutation: signInMutation,
          variables: { input: { login, password } },
          onCompleted: resolve,
          onError: reject,
        });
      });
      if (signIn.__typename !== 'SignInPayload')
        throw new Refused(signIn.code ?? '', signIn.message ?? '');
      token = signIn.token ?? undefined;
    },

    async tasks(applicationId, pageSize) {
      const variables = { id: applicationId, first: pageSize };
      const found = await fetchQuery<rollwayTasksQuery>(environment, tasksQuery, variables).toPromise();
      const application: rollwayTasks_application$key | null | undefined = found?.application;
      if (!application) return []; // not there, or not yours
      for (;;) {
        const { tasks } = await waitForFragmentData(environment, tasksFragment, application);
        if (!tasks.pageInfo.hasNextPage) return tasks.edges.map(({ node }) => node.id);
        const next = { ...variables, after: tasks.pageInfo.endCursor };
        await fetchQuery<rollwayTasksPageQuery>(environment, TasksPageQuery, next).toPromise();
      }
    },

    async deploy(applicationId) {
      const { deploy } = await new Promise<rollwayDeployMutation['response']>((resolve, reject) => {
        commitMutation<rollwayDeployMutation>(environment, {
          mutation: deployMutation,
          variables: { input: { applicationId } },
          onCompleted: resolve,
          onError: reject,
        });
      });
      if (deploy.task) return deploy.task.id;
      throw new Refused(deploy.code ?? '', deploy.message ?? '', deploy.field ?? []);
    },

    watch(taskId, show) {
      return new Promise((resolve, reject) => {
        requestSubscription<rollwayWatchSubscription>(environment, {
          subscription: watchSubscription,
          variables: { taskId, after: 0 },
          onNext: (data) => data && show(data.taskEvents),
          onError: reject,
          onCompleted: resolve,
        });
      });
    },
  };
}
