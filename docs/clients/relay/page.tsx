/** A page with react-relay: it signs in, deploys, and watches each deploy of an application live. */

import { StrictMode, Suspense, useMemo, useReducer, useState, type FormEvent } from 'react';
import { createRoot } from 'react-dom/client';
import {
  graphql,
  RelayEnvironmentProvider,
  useFragment,
  useLazyLoadQuery,
  useMutation,
  usePaginationFragment,
  useSubscription,
} from 'react-relay';

import { overWebSocket } from '../transport/ws';
import type { page_tasks$key } from './__generated__/page_tasks.graphql';
import type { page_watched$key } from './__generated__/page_watched.graphql';
import type { pageDeployMutation } from './__generated__/pageDeployMutation.graphql';
import type { pageQuery } from './__generated__/pageQuery.graphql';
import type { pageSignInMutation } from './__generated__/pageSignInMutation.graphql';
import type { pageWatchSubscription } from './__generated__/pageWatchSubscription.graphql';
import { environmentOf } from './environment';

type Event = pageWatchSubscription['response']['taskEvents'];

const url = new URLSearchParams(location.search).get('url') ?? 'http://127.0.0.1:8000/graphql';
let token: string | undefined;
const environment = environmentOf(url, () => token, overWebSocket(url, () => token));

function Page() {
  const [applicationId, show] = useState<string>();
  if (applicationId === undefined) return <SignIn onDone={show} />;
  return (
    <Suspense fallback="Loading">
      <Application id={applicationId} />
    </Suspense>
  );
}

function SignIn({ onDone }: { onDone: (applicationId: string) => void }) {
  const [problem, setProblem] = useState<string>();
  const [commit, isInFlight] = useMutation<pageSignInMutation>(graphql`
    mutation pageSignInMutation($input: SignInInput!) {
      signIn(input: $input) {
        ... on SignInPayload {
          token
        }
        ... on Problem {
          message
        }
      }
    }
  `);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const given = (name: string) => String(form.get(name));
    commit({
      variables: { input: { login: given('login'), password: given('password') } },
      onError: ({ message }) => setProblem(message),
      onCompleted({ signIn }) {
        if (!signIn.token) return setProblem(signIn.message);
        token = signIn.token;
        onDone(given('application'));
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <input name="login" placeholder="Login" required />
      <input name="password" placeholder="Password" type="password" required />
      <input name="application" placeholder="Application's id" required />
      <button disabled={isInFlight}>Sign in</button>
      <p role="alert">{problem}</p>
    </form>
  );
}

function Application({ id }: { id: string }) {
  const variables = { id };
  const { application } = useLazyLoadQuery<pageQuery>(
    graphql`
      query pageQuery($id: ID!) {
        application(id: $id) {
          name
          ...page_tasks
        }
      }
    `,
    variables,
  );
  if (!application) return <p role="alert">There is no such application, or it is not yours.</p>;
  return (
    <main>
      <h1>{application.name}</h1>
      <Tasks applicationId={id} application={application} />
    </main>
  );
}

interface TasksProps {
  applicationId: string;
  application: page_tasks$key;
}

function Tasks({ applicationId, application }: TasksProps) {
  const [problem, setProblem] = useState<string>();
  const { data, hasNext, isLoadingNext, loadNext } = usePaginationFragment(
    graphql`
      fragment page_tasks on Application
      @refetchable(queryName: "pageTasksQuery")
      @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" }) {
        tasks(first: $first, after: $after) @connection(key: "page_tasks") {
          __id
          edges {
            node {
              id
              ...page_watched
            }
          }
        }
      }
    `,
    application,
  );
  const [commit, isInFlight] = useMutation<pageDeployMutation>(graphql`
    mutation pageDeployMutation($input: DeployInput!, $connections: [ID!]!) {
      deploy(input: $input) {
        ... on DeployPayload {
          task @prependNode(connections: $connections, edgeTypeName: "TaskEdge") {
            id
            ...page_watched
          }
        }
        ... on Problem {
          message
        }
      }
    }
  `);
  const deploy = () =>
    commit({
      variables: { input: { applicationId }, connections: [data.tasks.__id] },
      onError: ({ message }) => setProblem(message),
      onCompleted: (answer) => setProblem(answer.deploy.message),
    });
  return (
    <>
      <button onClick={deploy} disabled={isInFlight}>
        Deploy
      </button>
      <p role="alert">{problem}</p>
      {data.tasks.edges.map(({ node }) => (
        <Watched key={node.id} task={node} />
      ))}
      {hasNext && (
        <button onClick={() => loadNext(2)} disabled={isLoadingNext}>
          Earlier deploys
        </button>
      )}
    </>
  );
}

/** A deploy and its events: the subscription needs nothing to survive its connection. */
function Watched({ task }: { task: page_watched$key }) {
  const { id, status } = useFragment(
    graphql`
      fragment page_watched on Task {
        id
        status # the events that select the task keep it up to date
      }
    `,
    task,
  );
  const [events, add] = useReducer(grown, []);
  const [fault, setFault] = useState<string>();
  const watch = useMemo(
    () => ({
      subscription: watchSubscription,
      variables: { taskId: id, after: 0 },
      onNext: (data: pageWatchSubscription['response'] | null | undefined) =>
        data && add(data.taskEvents),
      onError: ({ message }: Error) => setFault(message),
    }),
    [id],
  );
  useSubscription<pageWatchSubscription>(watch);
  return (
    <section id={id}>
      <h2>{status}</h2>
      <p role="alert">{fault}</p>
      <ol>
        {events.map((event) => (
          <li key={event.seq} style={{ whiteSpace: 'pre-wrap' }}>
            {event.text ?? `${event.__typename} ${event.name ?? ''}`}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** React may begin a subscription anew, from its first event: what is there already is left out. */
function grown(events: readonly Event[], event: Event): readonly Event[] {
  return event.seq > (events.at(-1)?.seq ?? 0) ? [...events, event] : events;
}

const watchSubscription = graphql`
  subscription pageWatchSubscription($taskId: ID!, $after: Int!) {
    taskEvents(taskId: $taskId, after: $after) {
      __typename
      seq
      ... on StepStatusChanged {
        name
      }
      ... on StepOutput {
        text
      }
      ... on TaskStatusChanged {
        task {
          id
          status
        }
      }
      ... on StreamEnd {
        task {
          id
          status
        }
      }
    }
  }
`;

createRoot(document.body).render(
  <StrictMode>
    <RelayEnvironmentProvider environment={environment}>
      <Page />
    </RelayEnvironmentProvider>
  </StrictMode>,
);
