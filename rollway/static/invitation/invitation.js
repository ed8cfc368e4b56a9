// The page behind an invitation's link: who is there signs in and joins the team.
//
// The token stands behind the # of the address, which browsers do not send. It leaves this page
// only within `acceptInvitation`, and the address bar once it is of no more use. While somebody
// signs in with another service, it waits in this tab. Whatever comes from the server is shown as
// text, never as HTML.

const api = new URL("graphql", location.href.split("#")[0]);

const TEXTS = {
  en: {
    title: "You are invited to a team",
    stepSignIn: "Sign in with your account.",
    stepJoin: "Look whether it is you, and join.",
    login: "User name or e-mail address",
    password: "Password",
    signIn: "Sign in",
    signInWith: (service) => `Sign in with ${service}`,
    noAccount:
      "No account on this server yet? Ask whoever invited you how to get one, then open the link again.",
    accept: "Join the team",
    signOut: "Sign in as somebody else",
    playground: "To the playground",
    loading: "One moment…",
    guest: "Two steps:",
    signedIn: (name) => `You are signed in as ${name}.`,
    joined: (team, role) => `You are in the team ${team} now, as ${role}.`,
    noToken: "This address has no invitation in it: open the whole link, with all behind the #.",
    silent: "The server does not answer as expected. Try again in a moment.",
  },
  zh: {
    title: "您被邀请加入一个团队",
    stepSignIn: "用您的账号登录。",
    stepJoin: "确认是您本人,然后加入。",
    login: "用户名或电子邮件地址",
    password: "密码",
    signIn: "登录",
    signInWith: (service) => `使用 ${service} 登录`,
    noAccount: "在此服务器上还没有账号?请向邀请您的人询问如何获得,然后重新打开该链接。",
    accept: "加入团队",
    signOut: "换一个账号登录",
    playground: "前往 Playground",
    loading: "请稍候……",
    guest: "两个步骤:",
    signedIn: (name) => `您已登录为 ${name}。`,
    joined: (team, role) => `您现在是团队 ${team} 的成员,角色为 ${role}。`,
    noToken: "此地址中没有邀请:请打开完整的链接,包括 # 之后的全部内容。",
    silent: "服务器没有按预期应答,请稍后再试。",
  },
};

const language = navigator.languages
  .map((tag) => tag.toLowerCase().split("-")[0])
  .find((tag) => tag in TEXTS);
const texts = TEXTS[language] ?? TEXTS.en;

const SERVICES = { GITHUB: "GitHub", GITEE: "Gitee" };
const KEPT = "rollway:invitation";

const VIEWER = "{ viewer { username } }";
const LOGINS = "{ logins { service startUrl } }";
const SIGN_IN = `mutation SignIn($input: SignInInput!) { signIn(input: $input) {
  ... on SignInPayload { user { username } } ... on Problem { message remedy } } }`;
const SIGN_OUT = "mutation SignOut { signOut(input: { everywhere: false }) { __typename } }";
const ACCEPT = `mutation Accept($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
  ... on AcceptInvitationPayload { org { name role } } ... on Problem { code message remedy } } }`;

const byId = (id) => document.getElementById(id);

/** Return what an operation's only field answers. */
async function ask(query, input) {
  const response = await fetch(api, {
    method: "POST",
    headers: { "content-type": "application/json", "accept-language": language ?? "en" },
    body: JSON.stringify({ query, variables: input ? { input } : {} }),
  });
  const { data } = await response.json();
  return Object.values(data)[0];
}

/** Show one part of the page, or none, and say what goes with it. */
function show(part, said, problem = "") {
  for (const id of ["sign-in", "join", "on"]) byId(id).hidden = id !== part;
  byId("said").textContent = said;
  byId("problem").textContent = problem;
  byId("problem").hidden = problem === "";
}

function token() {
  return location.hash.slice(1);
}

function showViewer(user, problem = "") {
  if (user) show("join", texts.signedIn(user.username), problem);
  else show("sign-in", texts.guest, problem);
}

/** Offer the other services; whoever comes back from one finds the token where they left it. */
async function showServices() {
  const links = (await ask(LOGINS)).map(({ service, startUrl }) => {
    const link = document.createElement("a");
    link.href = `${startUrl}?next=/invitation`;
    link.textContent = texts.signInWith(SERVICES[service] ?? service);
    link.addEventListener("click", () => sessionStorage.setItem(KEPT, token()));
    return link;
  });
  byId("services").replaceChildren(...links);
}

function takeBack() {
  const kept = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (kept && token() === "") history.replaceState(null, "", `#${kept}`);
}

async function look() {
  show("", texts.loading);
  if (token() === "") show("", texts.noToken);
  else showViewer(await ask(VIEWER));
}

async function signIn() {
  const { login, password } = byId("sign-in").elements;
  const given = { login: login.value, password: password.value, session: "COOKIE" };
  password.value = "";
  const { user, message, remedy } = await ask(SIGN_IN, given);
  showViewer(user, user ? "" : `${message} ${remedy}`);
}

async function signOut() {
  await ask(SIGN_OUT);
  showViewer(null);
}

async function accept() {
  const { org, code, message, remedy } = await ask(ACCEPT, { token: token() });
  const problem = `${message} ${remedy}`;
  if (code === "UNAUTHENTICATED") showViewer(null, problem); // signed out in another window
  if (code) {
    byId("problem").textContent = problem;
    byId("problem").hidden = false;
    return;
  }
  history.replaceState(null, "", location.pathname);
  show("on", texts.joined(org.name, org.role));
}

/** Do one thing at a time; a server that fails is no reason for the page to stand still. */
function doing(action) {
  return async (event) => {
    event?.preventDefault();
    const buttons = document.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      await action();
    } catch (error) {
      console.warn(error);
      byId("problem").textContent = texts.silent;
      byId("problem").hidden = false;
    }
    for (const button of buttons) button.disabled = false;
  };
}

document.documentElement.lang = language ?? "en";
for (const element of document.querySelectorAll("[data-text]")) {
  element.textContent = texts[element.dataset.text];
}
byId("sign-in").addEventListener("submit", doing(signIn));
byId("sign-out").addEventListener("click", doing(signOut));
byId("accept").addEventListener("click", doing(accept));
addEventListener("hashchange", doing(look));
takeBack();
await doing(look)();
await doing(showServices)();
