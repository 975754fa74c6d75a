BEGIN TRANSACTION;
CREATE TABLE opt_outs (
	account TEXT NOT NULL,
	channel TEXT NOT NULL,
	address BLOB NOT NULL,
	PRIMARY KEY (account, channel, address)
)
 WITHOUT ROWID

;
CREATE TABLE records (
	account TEXT NOT NULL,
	source TEXT NOT NULL,
	stream TEXT NOT NULL,
	source_key TEXT NOT NULL,
	outcome TEXT NOT NULL,
	action TEXT,
	seen BLOB,
	fingerprint BLOB,
	tried BLOB,
	behaviour BLOB,
	vendor_id TEXT,
	channels TEXT,
	attempts INTEGER NOT NULL,
	retry TEXT,
	reason TEXT,
	words TEXT,
	record BLOB,
	run INTEGER NOT NULL,
	at FLOAT NOT NULL,
	PRIMARY KEY (account, source, stream, source_key)
)
 WITHOUT ROWID

;
INSERT INTO "records" VALUES('test','default','contacts','1','ok',NULL,X'DA676D557DE49E5E328A289EA6FB17D1',X'EA4CB2BEC7C2968AEDA144FB16BAEBDA',NULL,NULL,NULL,NULL,0,NULL,NULL,'accepted as an import: not yet a contact',NULL,1,1735689600.0);
INSERT INTO "records" VALUES('test','default','contacts','2','rejected',NULL,NULL,NULL,X'4D341929BA6E8C5D0DE5E94C7E654139',X'C215A174B6A0D271DEC32975C6684024',NULL,NULL,1,'change','invalid record','does not fit the schema: first_name: Type',X'7B226964223A2232222C2266697273745F6E616D65223A377D',1,1735689600.0);
CREATE TABLE runs (
	run INTEGER NOT NULL,
	account TEXT NOT NULL,
	source TEXT NOT NULL,
	started FLOAT NOT NULL,
	ended FLOAT,
	code INTEGER,
	summary TEXT,
	PRIMARY KEY (run)
);
INSERT INTO "runs" VALUES(1,'test','default',1735689600.0,1735689600.0,3,'{"code":3,"stopped":null,"vendor":"i360","account":"test","source":"default","run":1,"dry_run":false,"calls":1,"refused_429":0,"in_journal":{"rejected":1},"started":1735689600.0,"seconds":0.39,"streams":{"contacts":{"read":2,"created":1,"updated":0,"deleted":0,"unchanged":0,"skipped":0,"rejected":1,"standing":0,"unknown":0,"rejected_by":{"invalid record":1},"created_by":{"accepted as an import: not yet a contact":1}}}}');
CREATE INDEX records_open ON records (account, source, outcome) WHERE outcome != 'ok';
CREATE INDEX records_by_vendor_id ON records (account, stream, vendor_id);
COMMIT;
