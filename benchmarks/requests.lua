-- For wrk: sends the requests of a file at random, and prints what came of it as JSON.
-- The file has a line for each: method, path and body, with tabs between; its other argument is the token.

local prepared = {}

function init(args)
  math.randomseed(tonumber(args[3]))
  local headers = { ["Authorization"] = "Bearer " .. args[2], ["Content-Type"] = "application/json" }
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%u+)\t(%S+)\t(.*)$")
    prepared[#prepared + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  return prepared[math.random(#prepared)]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  local told = '{"requests": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "failed": %d}\n'
  local seconds = summary.duration / 1e6
  io.write(told:format(summary.requests, seconds, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed))
end
