// Registers, follows, publishes and lists, through types that were made of the OpenAPI document.
import createClient from "openapi-fetch";
import type { components, paths } from "./document.js";

declare const process: { argv: string[]; exit(status: number): void };

function have<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const [baseUrl, key, body] = process.argv.slice(2);
const bearer = (secret: string) => ({ Authorization: `Bearer ${secret}` });
const client = createClient<paths>({ baseUrl });

const registered = have(
  await client.POST("/v1/devices", {
    body: { platform: "web", push: { provider: "none" }, languages: ["en"] },
  }),
);
const places = have(
  await client.PUT("/v1/devices/me/places", {
    headers: bearer(registered.secret!),
    body: { places: [{ code: "BB" }] },
  }),
);
const alert: components["schemas"]["NewAlert"] = JSON.parse(body!);
const published = have(
  await client.POST("/v1/alerts", {
    headers: bearer(key!),
    params: { query: { publish: true } },
    body: alert,
  }),
);
const page = have(await client.GET("/v1/alerts", { params: { query: { place: "BB" } } }));
console.log(
  JSON.stringify({
    followed: places.places?.length,
    published: published.identifier,
    listed: page.alerts?.map((one) => one.identifier),
    headline: page.alerts?.[0]?.info?.[0]?.headline,
  }),
);
