# sleepaug on the CPU.
#   docker build -t sleepaug .
#   docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" sleepaug predict night.edf
ARG BASE=python:3.13-slim
FROM ${BASE} AS build
# The CPU builds of torch are not on PyPI; the versions are those that setup.cfg allows.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY . /source
RUN python3 -m venv /opt/sleepaug \
    && /opt/sleepaug/bin/pip install --no-cache-dir --extra-index-url "${TORCH_INDEX}" /source \
    && find /opt/sleepaug -name __pycache__ -prune -exec rm -r {} +

FROM ${BASE}
COPY --from=build /opt/sleepaug /opt/sleepaug
# Any user may write to the home folder, for docker run --user.
RUN useradd --uid 1000 --create-home sleepaug && chmod 1777 /home/sleepaug && mkdir /data \
    && chown sleepaug /data
ENV PATH=/opt/sleepaug/bin:$PATH HOME=/home/sleepaug PYTHONDONTWRITEBYTECODE=1
USER sleepaug
WORKDIR /data
ENTRYPOINT ["sleepaug"]
CMD ["--help"]
