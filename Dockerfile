# One image, three commands: the API by default, `dist/worker.js` or `dist/migrate.js` as arguments.
#   docker run unnest
#   docker run unnest dist/worker.js
#   docker run unnest dist/migrate.js
# `npm run check:image` runs the commands below without Docker.

# Exact but for the tag itself, which only a digest would pin; the major is .nvmrc's.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS base
WORKDIR /app

# The lock file comes before the sources: a change in src reuses the installed packages.
# No install script runs: what is native here comes as a prebuilt package.
FROM base AS build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY dev dev
COPY src src
COPY workers workers
RUN npm run build
# Made here for the last stage: COPY can give it an owner, and the last stage then runs no command at all.
RUN mkdir data

FROM base AS production-dependencies
COPY package.json package-lock.json ./
# An optional peer of the dashboard's validator, which npm keeps for being there in development: 24 MB that nobody runs.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && \
    rm -r node_modules/typescript node_modules/.bin/tsc node_modules/.bin/tsserver

FROM base AS final
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIR=/data
COPY package.json ./
COPY --from=production-dependencies /app/node_modules node_modules
# Owned by the user below; all else belongs to root and cannot be changed by a process that was taken over.
# Not a VOLUME, which would leave an anonymous volume behind each container: mount one where /data must stay.
COPY --from=build --chown=1000:1000 /app/data /data
COPY migrations migrations
COPY --from=build /app/dist dist

# A number and not `node`, so that Kubernetes can check runAsNonRoot.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM

# Docker and Swarm ask this; Kubernetes ignores it and has its probes. Every container of this image inherits
# it, and only the API listens on PORT, so one that runs another command answers "healthy" as long as it
# lives: else Swarm would kill each worker. /livez and not /readyz: a restart does not bring a database back.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "const command = process.getBuiltinModule('fs').readFileSync('/proc/1/cmdline', 'utf8'); if (!command.includes('dist/server.js')) process.exit(0); fetch('http://127.0.0.1:' + process.env.PORT + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# Node is process 1 and gets the signal itself: no shell between.
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["dist/server.js"]

# Last, because they change with every build: --build-arg VERSION=... --build-arg REVISION=$(git rev-parse HEAD)
ARG VERSION=0.0.0-dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="unnest" \
      org.opencontainers.image.description="A production REST backend on Fastify in functional TypeScript" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
