// A program against the types that openapi-typescript makes of the specification: it compiles if they say what is meant.
import type { components, operations, paths } from "./schema";

type Body<Operation extends keyof operations> = operations[Operation] extends {
  responses: { 200: { content: { "application/json": infer Document } } };
}
  ? Document
  : never;

const operationsOfThePaths: (keyof operations)[] = [
  "ListEntityDetails",
  "ShowDataDetail",
  "ShowDataSets",
  "ShowDatamapLineage",
  "ShowInstanceInfos",
  "ShowLineageBulk",
  "ShowNodes",
];

export function names(nodes: Body<"ShowNodes">): string[] {
  return nodes.map((node) => node.job_name);
}

export function body(page: Body<"ShowInstanceInfos">): string | undefined {
  const text: string | undefined = page.body;
  return text;
}

export function targets(lineage: Body<"ShowLineageBulk">): (string | undefined)[] {
  return (lineage.data ?? []).map((row) => row.target_guid ?? undefined);
}

export function guidOf(entity: components["schemas"]["Entity"]): unknown {
  return entity.guid;
}

export const search: keyof paths = "/v3/{project_id}/datamap/entities/search";
export default operationsOfThePaths;
