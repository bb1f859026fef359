"""Messages as the programs send them."""

GRAFANA = {
    "receiver": "sentinel",
    "status": "firing",
    "orgId": 1,
    "version": "1",
    "groupKey": '{}:{alertname="High memory usage"}',
    "truncatedAlerts": 0,
    "groupLabels": {"alertname": "High memory usage"},
    "commonLabels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1"},
    "commonAnnotations": {},
    "externalURL": "https://play.grafana.example/",
    "title": "[FIRING:1] High memory usage (blue us-1)",
    "state": "alerting",
    "message": "**Firing**",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1", "severity": "critical"},
            "annotations": {
                "description": "The system has high memory usage",
                "runbook_url": "https://runbooks.example/memory",
                "summary": "This alert was triggered for zone us-1",
            },
            "startsAt": "2026-03-02T09:51:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://play.grafana.example/alerting/1afz29v7z/edit",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://play.grafana.example/alerting/silence/new?alertmanager=grafana",
            "dashboardURL": "https://play.grafana.example/d/a?orgId=1",
            "panelURL": "",
            "values": {"B": 44.23943737541908, "C": 1},
            "valueString": "[ var='B' value=44.2 ]",
            "imageURL": "https://play.grafana.example/i.png",
        }
    ],
}
GRAFANA_TEST = {
    **GRAFANA,
    "title": "[FIRING:1] TestAlert Grafana",
    "commonLabels": {"alertname": "TestAlert", "instance": "Grafana"},
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "TestAlert", "instance": "Grafana"},
            "annotations": {"summary": "Notification test"},
            "startsAt": "2026-03-02T11:59:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": "57c6d9296de2ad39",
            "silenceURL": "https://play.grafana.example/alerting/silence/new",
            "dashboardURL": "",
            "panelURL": "",
            "values": None,
            "valueString": "[ metric='foo' labels={instance=bar} value=10 ]",
        }
    ],
}
ALERTMANAGER = {
    "receiver": "sentinel",
    "status": "firing",
    "groupLabels": {"alertname": "HighLoad"},
    "commonLabels": {"alertname": "HighLoad"},
    "commonAnnotations": {},
    "externalURL": "http://am.example:9093",
    "version": "4",
    "groupKey": '{}:{alertname="HighLoad"}',
    "truncatedAlerts": 0,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighLoad", "instance": "db1:9100", "severity": "critical"},
            "annotations": {"summary": "Load is high"},
            "startsAt": "2026-03-02T11:59:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prom.example/graph",
            "fingerprint": "ba5048908c4ee7ae",
        }
    ],
}
KUMA = {
    "heartbeat": {
        "monitorID": 7,
        "status": 0,
        "time": "2026-03-02 11:59:01.123",
        "msg": "connect ECONNREFUSED 10.0.0.5:443",
        "ping": None,
        "important": True,
        "duration": 60,
        "retries": 1,
        "timezone": "Europe/Paris",
        "timezoneOffset": "+01:00",
        "localDateTime": "2026-03-02 12:59:01",
    },
    "monitor": {
        "id": 7,
        "name": "Portal",
        "pathName": "Clinic / Portal",
        "url": "https://portal.example.org",
        "hostname": None,
        "port": None,
        "type": "http",
        "tags": [{"id": 1, "name": "severity", "value": "critical"}, {"id": 2, "name": "ward", "value": ""}],
        "basic_auth_pass": "hunter2",
        "pushToken": None,
    },
    "msg": "[Portal] [🔴 Down] connect ECONNREFUSED 10.0.0.5:443",
}
KUMA_TEST = {"heartbeat": None, "monitor": None, "msg": "Sentinel Testing"}
KUMA_CERTIFICATE = {
    "heartbeat": None,
    "monitor": None,
    "msg": "[Portal][https://portal.example.org] server certificate portal.example.org will expire in 14 days",
}
PAGERDUTY = {
    "event_action": "trigger",
    "dedup_key": "srv-disk-1",
    "client": "Sample Monitoring",
    "client_url": "https://monitoring.example.com",
    "payload": {
        "summary": "The disk of srv1 is full",
        "source": "srv1",
        "severity": "error",
        "timestamp": "2026-03-02T11:59:00.000Z",
        "component": "disk",
        "group": "db",
        "class": "storage",
        "custom_details": {"free": 0, "mount": "/var", "log": "line 1\nline 2"},
    },
    "images": [
        {"src": "https://example.com/graph.png", "href": "https://example.com/graph", "alt": "Disk"},
        {"src": "javascript:alert(1)"},
    ],
    "links": [{"href": "https://example.com/run", "text": "Runbook"}],
}
EVENT = {
    "specversion": "1.0",
    "id": "A234-1234",
    "source": "/probes/7",
    "type": "com.example.disk.fired",
    "subject": "srv1",
    "time": "2026-03-02T11:59:00Z",
    "datacontenttype": "application/json",
    "data": {"title": "The disk is full", "severity": "high", "labels": {"mount": "/var"}},
}
