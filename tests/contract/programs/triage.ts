// A whole triage with the types that openapi-typescript makes: prints what came of each step.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Decision = components["schemas"]["DecisionRequest"];

function signedIn(token: string | undefined) {
  return createClient<paths>({ baseUrl: process.env.TRACKER_URL, headers: { Authorization: `Bearer ${token}` } });
}

const triager = signedIn(process.env.TRACKER_TOKEN);
const reporter = signedIn(process.env.REPORTER_TOKEN);

function told<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

async function decide(issue_key: string, body: Decision) {
  return told(await triager.POST("/api/v1/issues/{issue_key}/triage/", { params: { path: { issue_key } }, body }));
}

async function read(issue_key: string) {
  return told(await triager.GET("/api/v1/issues/{issue_key}/", { params: { path: { issue_key } } }));
}

async function queue() {
  return told(await triager.GET("/api/v1/triage/", { params: { query: { q: "product:WEB" } } }));
}

const first = await queue();
console.log("queue", first.counts.new, ...first.results.map((issue) => issue.key).sort());

const accepted = await decide("WEB-1", { decision: "accept", set: { priority: "high" } });
console.log(accepted.issue.key, accepted.issue.status, accepted.issue.priority);
let { issue } = await decide("WEB-2", { decision: "duplicate", duplicate_of: "WEB-1" });
console.log(issue.key, issue.status, issue.resolution, issue.duplicate_of);
({ issue } = await decide("WEB-3", { decision: "decline", resolution: "invalid", comment: "Works here." }));
console.log(issue.key, issue.status, issue.resolution);
({ issue } = await decide("WEB-4", { decision: "needinfo", ask: "rosa", question: "Which browser?" }));
console.log(issue.key, issue.waiting);
const path = { issue_key: "WEB-4" };
told(await reporter.POST("/api/v1/issues/{issue_key}/comments/", { params: { path }, body: { body: "Firefox." } }));
issue = await read("WEB-4");
console.log(issue.key, issue.waiting, issue.returned_reason);
const until = "2099-01-02T00:00:00Z";
({ issue } = await decide("WEB-5", { decision: "snooze", until }));
console.log(issue.key, issue.snoozed_until === until ? "True" : issue.snoozed_until);
({ issue } = await decide("WEB-6", { decision: "reroute", product: "API" }));
console.log(issue.key, issue.returned_reason);

const late = await triager.POST("/api/v1/issues/{issue_key}/triage/", {
  params: { path: { issue_key: "WEB-3" } },
  body: { decision: "accept" },
});
console.log(late.error?.status, late.error?.code);
const undone = told(
  await triager.POST("/api/v1/batches/{id}/undo/", { params: { path: { id: accepted.batch ?? 0 } } }),
);
console.log("undone", undone.undone, undone.left_alone.length, (await read("WEB-1")).status);
console.log("queue", ...(await queue()).results.map((one) => one.key).sort());
