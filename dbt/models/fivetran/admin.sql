select
  records.id,
  records.name,
  records.job_title,
  {{ live_columns('records') }}
from {{ source('intercom_lake', 'admins_flat') }} as records
