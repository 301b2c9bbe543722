{{/* The name of all objects, and of the pods' label that selects them: two releases in one namespace stay apart. */}}
{{- define "spanwise.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" (.Release.Name | trunc 41 | trimSuffix "-") .Chart.Name -}}
{{- end -}}
{{- end -}}

{{- define "spanwise.selector" -}}
app.kubernetes.io/name: {{ include "spanwise.name" . }}
{{- end -}}

{{- define "spanwise.podLabels" -}}
{{ include "spanwise.selector" . }}
app.kubernetes.io/component: api
app.kubernetes.io/part-of: spanwise
{{- end -}}

{{/* The chart's labels stay out of the pods, which a new version of the chart alone need not restart. */}}
{{- define "spanwise.labels" -}}
{{ include "spanwise.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "spanwise.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{ .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end -}}

{{/* How an autoscaler goes up and down. */}}
{{- define "spanwise.scalingBehavior" -}}
scaleUp:
  # Without delay, but at most doubling every 30 s, because a new replica needs some seconds before it helps.
  stabilizationWindowSeconds: 0
  selectPolicy: Max
  policies:
    - type: Percent
      value: 100
      periodSeconds: 30
    - type: Pods
      value: 2
      periodSeconds: 30
scaleDown:
  # At most one replica a minute, and only those not needed for five minutes, because load often returns.
  stabilizationWindowSeconds: 300
  selectPolicy: Min
  policies:
    - type: Pods
      value: 1
      periodSeconds: 60
{{- end -}}

{{/* A way out to the cluster's DNS. */}}
{{- define "spanwise.toDns" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
  ports:
    - protocol: UDP
      port: 53
    - protocol: TCP
      port: 53
{{- end -}}
